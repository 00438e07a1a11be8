package io.tokenwise.backend;

import io.tokenwise.kernels.Floats;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Matrix products by oneDNN, and those with few outputs or inputs, such as a gate's, by our own kernels. */
final class OneDnnProducts implements Products {
    private static final int LARGEST_BYTE = 127;
    private static final long ALIGNMENT = 64;

    private final Products vector;
    private final Precision precision;
    private final OneDnnJob job;
    private final GradientJob gradient;
    private final Scratch scratch = new Scratch();

    OneDnnProducts(OneDnnBackend backend, Kernels kernels, WorkerPool pool, Products vector) {
        this.vector = vector;
        this.precision = backend.precision();
        this.job = new OneDnnJob(backend, pool);
        this.gradient = new GradientJob(backend, kernels, pool);
    }

    @Override
    public void pack(Tensor source, int fromRow, int fromColumn, boolean transposed, PackedMatrix target) {
        if (!(target instanceof OneDnnMatrix matrix)) {
            vector.pack(source, fromRow, fromColumn, transposed, target);
        } else if (precision == Precision.S8) {
            packBytes(source, fromRow, fromColumn, transposed, matrix);
        } else {
            packFloats(source, fromRow, fromColumn, transposed, matrix);
        }
    }

    /** oneDNN narrows and transposes while it packs. */
    private static void packFloats(
            Tensor source, int fromRow, int fromColumn, boolean transposed, OneDnnMatrix matrix) {
        int rows = transposed ? matrix.outputs() : matrix.inputs();
        int columns = transposed ? matrix.inputs() : matrix.outputs();
        Floats values = source.floats();
        long corner = values.at((long) fromRow * source.columns() + fromColumn);
        long rowBytes = (long) columns * Float.BYTES;
        if (columns == source.columns()) {
            MemorySegment dense = values.segment().asSlice(corner, rows * rowBytes);
            matrix.product().packFloats(dense, transposed, matrix.packed());
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment dense = arena.allocate(rows * rowBytes, ALIGNMENT);
            for (int row = 0; row < rows; row++) {
                long from = corner + (long) row * source.columns() * Float.BYTES;
                MemorySegment.copy(values.segment(), from, dense, row * rowBytes, rowBytes);
            }
            matrix.product().packFloats(dense, transposed, matrix.packed());
        }
    }

    private static void packBytes(Tensor source, int fromRow, int fromColumn, boolean transposed, OneDnnMatrix matrix) {
        measure(source, fromRow, fromColumn, transposed, matrix);
        float[] scales = matrix.columns().scales();
        float[] sums = matrix.columns().sums();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment rowMajor = arena.allocate(matrix.product().spec().bBytes(), ALIGNMENT);
            var row = new Floats(arena.allocate((long) matrix.outputs() * Float.BYTES, ALIGNMENT), 0);
            for (int k = 0; k < matrix.inputs(); k++) {
                read(source, fromRow, fromColumn, transposed, k, row, matrix.outputs());
                long at = (long) k * sums.length;
                for (int j = 0; j < sums.length; j++) {
                    int step = scales[j] == 0 ? 0 : Math.round(row.get(j) / scales[j]);
                    rowMajor.set(ValueLayout.JAVA_BYTE, at + j, (byte) step);
                    sums[j] += step;
                }
            }
            matrix.product().pack(rowMajor, matrix.packed()).close();
        }
        for (int j = 0; j < sums.length; j++) {
            sums[j] *= scales[j];
        }
    }

    /** Gives each output the scale at which its largest weight is the largest byte. */
    private static void measure(Tensor source, int fromRow, int fromColumn, boolean transposed, OneDnnMatrix matrix) {
        float[] scales = matrix.columns().scales();
        Arrays.fill(scales, 0);
        Arrays.fill(matrix.columns().sums(), 0);
        int rowStride = transposed ? 1 : source.columns();
        int columnStride = transposed ? source.columns() : 1;
        long corner = (long) fromRow * source.columns() + fromColumn;
        for (int k = 0; k < matrix.inputs(); k++) {
            long at = corner + (long) k * rowStride;
            for (int j = 0; j < scales.length; j++) {
                scales[j] = Math.max(scales[j], Math.abs(source.floats().get(at + (long) j * columnStride)));
            }
        }
        for (int j = 0; j < scales.length; j++) {
            scales[j] /= LARGEST_BYTE;
        }
    }

    /** Row k of the matrix that is to be packed. */
    private static void read(
            Tensor source, int fromRow, int fromColumn, boolean transposed, int k, Floats row, int columns) {
        Floats values = source.floats();
        long stride = source.columns();
        if (transposed) {
            long at = fromRow * stride + fromColumn + k;
            for (int j = 0; j < columns; j++) {
                row.set(j, values.get(at + j * stride));
            }
        } else {
            long at = values.at((fromRow + k) * stride + fromColumn);
            MemorySegment.copy(values.segment(), at, row.segment(), 0, (long) columns * Float.BYTES);
        }
    }

    @Override
    public void linear(Tensor x, PackedMatrix weight, Tensor bias, boolean gelu, Tensor residual, Tensor y) {
        if (!(weight instanceof OneDnnMatrix matrix)) {
            vector.linear(x, weight, bias, gelu, residual, y);
            return;
        }
        job.x = x.floats();
        job.weight = matrix;
        job.bias = bias == null ? null : bias.floats();
        job.gelu = gelu;
        job.residual = residual == null ? null : residual.floats();
        job.y = y.floats();
        job.product(x.rows(), scratch);
    }

    @Override
    public void mlp(Tensor x, int[] rows, int[] sliceRows, MlpSlices slices, Tensor residual, Tensor units, Tensor y) {
        for (int n = 0; n < slices.count(); n++) {
            if (!(slices.ups().get(n) instanceof OneDnnMatrix && slices.downs().get(n) instanceof OneDnnMatrix)) {
                vector.mlp(x, rows, sliceRows, slices, residual, units, y);
                return;
            }
        }
        job.x = x.floats();
        job.residual = residual == null ? null : residual.floats();
        job.y = y.floats();
        job.mlp(slices, rows, sliceRows, scratch);
    }

    @Override
    public void weightGradient(Tensor x, Tensor dy, Workspace workspace, Tensor dWeight) {
        if (Math.min(x.columns(), dy.columns()) < OneDnnBackend.LEAST_SIDE) {
            vector.weightGradient(x, dy, workspace, dWeight);
        } else {
            gradient.run(x, dy, workspace, dWeight, scratch);
        }
    }
}
