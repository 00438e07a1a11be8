package io.tokenwise.backend.cpu;

import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.tensor.Tensor;

/** Float32 values in the panels of our own kernels. */
public record VectorMatrix(int inputs, int outputs, Tensor panels) implements PackedMatrix {}
