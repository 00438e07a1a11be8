package io.tokenwise.backend;

import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;

/**
 * The matrix products of one stream: {@link Stream}'s operations of the same names, with shapes already checked. One caller at a time,
 * like the stream.
 */
interface Products {
    void pack(Tensor source, int fromRow, int fromColumn, boolean transposed, PackedMatrix target);

    void linear(Tensor x, PackedMatrix weight, Tensor bias, boolean gelu, Tensor residual, Tensor y);

    void mlp(Tensor x, int[] rows, int[] sliceRows, MlpSlices slices, Tensor residual, Tensor units, Tensor y);

    /** Only the columns of slices that rows use. */
    void linearSlices(Tensor x, int[] rows, int[] sliceRows, OutputSlices slices, Tensor y);

    void sumSlices(Tensor x, int[] rows, int[] sliceRows, InputSlices slices, Tensor residual, Tensor y);

    void weightGradient(Tensor x, Tensor dy, Workspace workspace, Tensor dWeight);
}
