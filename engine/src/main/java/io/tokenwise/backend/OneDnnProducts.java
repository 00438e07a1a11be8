package io.tokenwise.backend;

import io.tokenwise.kernels.Conversions;
import io.tokenwise.kernels.Floats;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Matrix products by oneDNN, and those with few outputs or inputs, such as a gate's, by our own kernels. */
final class OneDnnProducts implements Products {
    private static final int LARGEST_BYTE = 127;

    private final Products vector;
    private final Precision precision;
    private final Conversions conversions;
    private final OneDnnJob job;
    private final Scratch scratch = new Scratch();

    OneDnnProducts(OneDnnBackend backend, Conversions conversions, WorkerPool pool, Products vector) {
        this.vector = vector;
        this.precision = backend.precision();
        this.conversions = conversions;
        this.job = new OneDnnJob(backend, pool);
    }

    @Override
    public void pack(Tensor source, int fromRow, int fromColumn, boolean transposed, PackedMatrix target) {
        if (!(target instanceof OneDnnMatrix matrix)) {
            vector.pack(source, fromRow, fromColumn, transposed, target);
            return;
        }
        int inputs = matrix.inputs();
        int outputs = matrix.outputs();
        float[] row = new float[outputs];
        if (precision == Precision.S8) {
            measure(source, fromRow, fromColumn, transposed, matrix, row);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment rowMajor = arena.allocate(matrix.product().spec().bBytes(), 64);
            for (int k = 0; k < inputs; k++) {
                read(source, fromRow, fromColumn, transposed, k, row);
                write(row, rowMajor, k, matrix);
            }
            matrix.product().pack(rowMajor, matrix.packed()).close();
        }
        for (int j = 0; j < matrix.sums().length; j++) {
            matrix.sums()[j] *= matrix.scales()[j];
        }
    }

    /** Gives each output the scale at which its largest weight is the largest byte. */
    private static void measure(
            Tensor source, int fromRow, int fromColumn, boolean transposed, OneDnnMatrix matrix, float[] row) {
        float[] scales = matrix.scales();
        Arrays.fill(scales, 0);
        Arrays.fill(matrix.sums(), 0);
        for (int k = 0; k < matrix.inputs(); k++) {
            read(source, fromRow, fromColumn, transposed, k, row);
            for (int j = 0; j < row.length; j++) {
                scales[j] = Math.max(scales[j], Math.abs(row[j]));
            }
        }
        for (int j = 0; j < scales.length; j++) {
            scales[j] /= LARGEST_BYTE;
        }
    }

    /** Row k of the matrix that is to be packed. */
    private static void read(Tensor source, int fromRow, int fromColumn, boolean transposed, int k, float[] row) {
        Floats values = source.floats();
        long stride = source.columns();
        if (transposed) {
            long at = fromRow * stride + fromColumn + k;
            for (int j = 0; j < row.length; j++) {
                row[j] = values.get(at + j * stride);
            }
        } else {
            long at = values.at((fromRow + k) * stride + fromColumn);
            MemorySegment.copy(values.segment(), ValueLayout.JAVA_FLOAT, at, row, 0, row.length);
        }
    }

    private void write(float[] row, MemorySegment rowMajor, int k, OneDnnMatrix matrix) {
        long at = (long) k * row.length;
        switch (precision) {
            case F32 -> MemorySegment.copy(row, 0, rowMajor, ValueLayout.JAVA_FLOAT, at * Float.BYTES, row.length);
            case BF16 -> conversions.toBfloat16(row, row.length, rowMajor, at * Short.BYTES);
            case S8 -> {
                for (int j = 0; j < row.length; j++) {
                    float scale = matrix.scales()[j];
                    int step = scale == 0 ? 0 : Math.round(row[j] / scale);
                    rowMajor.set(ValueLayout.JAVA_BYTE, at + j, (byte) step);
                    matrix.sums()[j] += step;
                }
            }
        }
    }

    @Override
    public void linear(Tensor x, PackedMatrix weight, Tensor bias, boolean gelu, Tensor residual, Tensor y) {
        if (!(weight instanceof OneDnnMatrix matrix)) {
            vector.linear(x, weight, bias, gelu, residual, y);
            return;
        }
        job.gelu = gelu;
        job.down = null;
        run(x, null, x.rows(), matrix, bias, residual, y);
    }

    @Override
    public void mlp(
            Tensor x,
            int[] rows,
            int count,
            PackedMatrix up,
            Tensor upBias,
            PackedMatrix down,
            Tensor downBias,
            Tensor residual,
            Tensor units,
            Tensor y) {
        if (!(up instanceof OneDnnMatrix first && down instanceof OneDnnMatrix second)) {
            vector.mlp(x, rows, count, up, upBias, down, downBias, residual, units, y);
            return;
        }
        job.down = second;
        job.downBias = downBias.floats();
        run(x, rows, count, first, upBias, residual, y);
    }

    private void run(Tensor x, int[] rows, int count, OneDnnMatrix weight, Tensor bias, Tensor residual, Tensor y) {
        job.x = x.floats();
        job.weight = weight;
        job.bias = bias == null ? null : bias.floats();
        job.residual = residual == null ? null : residual.floats();
        job.y = y.floats();
        job.run(rows, count, scratch);
    }

    @Override
    public void weightGradient(Tensor x, PackedMatrix packedDy, Tensor dWeight) {
        vector.weightGradient(x, packedDy, dWeight);
    }
}
