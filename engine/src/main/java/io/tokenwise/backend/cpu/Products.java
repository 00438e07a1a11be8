package io.tokenwise.backend.cpu;

import io.tokenwise.backend.InputSlices;
import io.tokenwise.backend.MlpSlices;
import io.tokenwise.backend.OutputSlices;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.List;

/**
 * The matrix products of one stream: {@link Stream}'s operations of the same names, with shapes already checked. One caller at a time,
 * like the stream.
 */
public interface Products {
    /** Packs what starts at a corner of {@code source}; where {@link #packSlices} is the backend's own, only whole matrices. */
    void pack(Tensor source, int fromRow, int fromColumn, boolean transposed, PackedMatrix target);

    default void packSlices(Tensor source, List<PackedMatrix> slices) {
        int row = 0;
        int column = 0;
        for (PackedMatrix slice : slices) {
            pack(source, row, column, false, slice);
            if (slice.inputs() < source.rows()) {
                row += slice.inputs();
            } else {
                column += slice.outputs();
            }
        }
    }

    void linear(Tensor x, PackedMatrix weight, Tensor bias, boolean gelu, Tensor residual, Tensor y);

    /** @param units room for {@link MlpSlices#between} of each row that uses a slice */
    void mlp(Tensor x, int[] rows, int[] sliceRows, MlpSlices slices, Tensor residual, Tensor units, Tensor y);

    /** Only the columns of slices that rows use. */
    void linearSlices(Tensor x, int[] rows, int[] sliceRows, OutputSlices slices, Tensor y);

    void sumSlices(Tensor x, int[] rows, int[] sliceRows, InputSlices slices, Tensor residual, Tensor y);

    void weightGradient(Tensor x, Tensor dy, Workspace workspace, Tensor dWeight);
}
