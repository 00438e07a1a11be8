package io.tokenwise.nn;

import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;

/**
 * A part of a layer with a residual connection around it: a dense {@link Mlp} or {@link Attention}, or the adaptive block that replaced
 * it. The rows are the tokens of the pass's batch.
 */
public interface Block {
    /** {@code residual + f(x)}, {@code [tokens, hidden]}; in inference residual may be null, and the result may lie in its place. */
    Tensor forward(Pass pass, Tensor x, Tensor residual);

    /** Brings everything into the form that inference needs, so that {@link #forward} without a tape only reads. */
    void prepare(Stream stream);

    /** Multiply-adds for one token if the block spends the given share of what it can; attention's own products not counted. */
    double flopsPerToken(double share);
}
