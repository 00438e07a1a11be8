package io.tokenwise.nn;

import io.tokenwise.tensor.Tensor;

/** Brings each row to the same size. */
public sealed interface Norm permits LayerNorm, RmsNorm {
    /** Writes the normed x to y, of its shape. */
    void forward(Pass pass, Tensor x, Tensor y);
}
