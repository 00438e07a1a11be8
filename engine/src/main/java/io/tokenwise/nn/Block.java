package io.tokenwise.nn;

import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;

/**
 * A part of a layer that works on each token by itself with a residual connection around it: a dense {@link Mlp}, or the adaptive
 * module that replaced it.
 */
public interface Block {
    /** {@code residual + f(x)}, {@code [tokens, hidden]}. */
    Tensor forward(Pass pass, Tensor x, Tensor residual);

    /** Brings everything into the form that inference needs, so that {@link #forward} without a tape only reads. */
    void prepare(Stream stream);

    /** Multiply-adds for one token if the block spends the given share of its budget. */
    double flopsPerToken(double share);
}
