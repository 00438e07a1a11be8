package io.tokenwise.backend;

import io.tokenwise.tensor.Tensor;

/** Float32 values in the panels of our own kernels. */
record VectorMatrix(int inputs, int outputs, Tensor panels) implements PackedMatrix {}
