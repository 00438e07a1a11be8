package io.tokenwise.backend;

import io.tokenwise.kernels.Conversions;
import io.tokenwise.kernels.Elementwise;
import io.tokenwise.kernels.Floats;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.natives.Binding;
import io.tokenwise.natives.OneDnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What one task needs to multiply blocks of rows by oneDNN: the rows in their narrow type, the sums that come back, and the library's
 * view of both. One task at a time.
 */
final class OneDnnBuffers implements BufferPool.Buffers {
    /** Rows of a block at most. */
    static final int ROWS = 64;

    /** Room for what oneDNN wants besides, which for our shapes is under 1 KB. */
    private static final long SCRATCH_BYTES = 64 * 1024;

    private static final long ALIGNMENT = 64;

    /** The widest left-hand side and the widest result that fit. */
    final int inputs;

    final int outputs;

    private final Precision precision;
    private final Conversions conversions;
    private final Elementwise elementwise;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment sums;
    private final Floats sumFloats;
    private final Operand input;
    private final Operand units;

    /** A row of sums on its way to the second product or to its residual. */
    private final Floats row;

    /** What the slices of an MLP have given so far, for each row of the block. */
    private final Floats total;

    /** For products without a bias. */
    private final Floats zeros;

    OneDnnBuffers(OneDnn oneDnn, Precision precision, Kernels kernels, int inputs, int outputs) {
        this.precision = precision;
        this.conversions = kernels.conversions();
        this.elementwise = kernels.elementwise();
        this.inputs = inputs;
        this.outputs = outputs;
        sums = arena.allocate((long) ROWS * outputs * Float.BYTES, ALIGNMENT);
        sumFloats = new Floats(sums, 0);
        MemorySegment scratch = arena.allocate(SCRATCH_BYTES, ALIGNMENT);
        input = new Operand(oneDnn, scratch);
        units = new Operand(oneDnn, scratch);
        row = new Floats(arena.allocate((long) outputs * Float.BYTES, ALIGNMENT), 0);
        total = new Floats(arena.allocate((long) ROWS * outputs * Float.BYTES, ALIGNMENT), 0);
        zeros = new Floats(arena.allocate((long) outputs * Float.BYTES, ALIGNMENT), 0);
    }

    /** Rows of a left-hand side in the narrow type, and what their steps mean. */
    private final class Operand {
        final MemorySegment memory;
        final float[] scales = new float[2 * ROWS];
        final Binding binding;

        Operand(OneDnn oneDnn, MemorySegment scratch) {
            memory = arena.allocate(
                    (long) ROWS * inputs * OneDnnBackend.inputType(precision).bytes(), ALIGNMENT);
            binding = oneDnn.bind(memory, sums, scratch);
        }
    }

    /** {@code y[r] = act(x[r] weight + bias) + residual[r]} for the rows of a task. */
    void product(OneDnnJob job, int task) {
        OneDnnMatrix weight = job.weight;
        int columns = weight.outputs();
        int count = job.rows(task);
        enter(job, task, count, weight.inputs());
        multiply(weight, input, count);
        for (int i = 0; i < count; i++) {
            long at = (long) job.row(task, i) * columns;
            if (job.residual == null && !job.gelu) {
                sum(weight, input, i, job.bias, job.y, at);
                continue;
            }
            sum(weight, input, i, job.bias, row, 0);
            if (job.gelu) {
                elementwise.gelu(row, row, 0, columns);
            }
            leave(row, 0, columns, job, at);
        }
    }

    /** {@code y[r] = the sum of the row's slices + residual[r]} for the rows of a task. */
    void mlp(OneDnnJob job, int task) {
        MlpSlices slices = job.slices;
        int columns = slices.outputs();
        int count = job.rows(task);
        enter(job, task, count, slices.inputs());
        for (int n = 0; n < slices.count(); n++) {
            int rows = job.rows(task, n);
            if (rows <= 0) {
                break;
            }
            slice(slices, n, rows);
        }
        for (int i = 0; i < count; i++) {
            leave(total, (long) i * columns, columns, job, (long) job.row(task, i) * columns);
        }
    }

    /** Adds what a slice gives for the first rows to {@link #total}; the first slice begins it. */
    private void slice(MlpSlices slices, int n, int rows) {
        OneDnnMatrix up = matrix(slices.ups().get(n));
        OneDnnMatrix down = matrix(slices.downs().get(n));
        Floats upBias = slices.upBiases().get(n).floats();
        Floats downBias = slices.downBiases().get(n).floats();
        multiply(up, input, rows);
        for (int i = 0; i < rows; i++) {
            sum(up, input, i, upBias, row, 0);
            narrowGelu(i, up.outputs());
        }
        multiply(down, units, rows);
        int columns = down.outputs();
        for (int i = 0; i < rows; i++) {
            long at = (long) i * columns;
            if (n == 0) {
                sum(down, units, i, downBias, total, at);
            } else {
                addSum(down, units, i, downBias, at);
            }
        }
    }

    private static OneDnnMatrix matrix(PackedMatrix matrix) {
        return (OneDnnMatrix) matrix;
    }

    private void enter(OneDnnJob job, int task, int count, int columns) {
        for (int i = 0; i < count; i++) {
            narrow(job.x, (long) job.row(task, i) * columns, columns, input, i);
        }
    }

    private void narrow(Floats x, long index, int columns, Operand to, int slot) {
        long at = (long) slot * columns;
        switch (precision) {
            case S8 -> conversions.quantize(x, index, columns, to.memory, at, to.scales, slot);
            case BF16 -> conversions.toBfloat16(x, index, columns, to.memory, at * Short.BYTES);
            case F32 ->
                MemorySegment.copy(x.segment(), x.at(index), to.memory, at * Float.BYTES, (long) columns * Float.BYTES);
        }
    }

    private void narrowGelu(int slot, int columns) {
        if (precision == Precision.S8) {
            conversions.quantizeGelu(row, 0, columns, units.memory, (long) slot * columns, units.scales, slot);
        } else {
            elementwise.gelu(row, row, 0, columns);
            narrow(row, 0, columns, units, slot);
        }
    }

    /** Multiplies a block. Some row counts share a kernel: the rows between hold what an earlier block has left, and nobody reads them. */
    private void multiply(OneDnnMatrix weight, Operand from, int count) {
        // For a single row oneDNN may sum floats in another order than for several: a row's bits must not depend on its
        // batch.
        int rows = count == 1 && precision != Precision.S8 ? 2 : kernelRows(count);
        from.binding.run(weight.weights(), rows);
    }

    /** Exact for few rows; then in steps, so that ragged batches need few kernels, of which each costs some 100 microseconds once. */
    static int kernelRows(int count) {
        int step = count <= 8 ? 1 : count <= 16 ? 2 : 4;
        return (count + step - 1) / step * step;
    }

    /** Writes {@code sums + bias} of a row of the block, in float32. */
    private void sum(OneDnnMatrix weight, Operand from, int slot, Floats bias, Floats y, long index) {
        int columns = weight.outputs();
        long at = (long) slot * columns;
        Floats offset = bias == null ? zeros : bias;
        if (precision == Precision.S8) {
            float scale = from.scales[2 * slot];
            float least = from.scales[2 * slot + 1];
            conversions.dequantize(sums, at * Integer.BYTES, columns, scale, least, weight.columns(), offset, y, index);
        } else {
            conversions.add(sumFloats, at, offset, 0, columns, y, index);
        }
    }

    /** Adds {@code sums + bias} of a row of the block to {@link #total}. */
    private void addSum(OneDnnMatrix weight, Operand from, int slot, Floats bias, long index) {
        int columns = weight.outputs();
        long at = (long) slot * columns;
        if (precision == Precision.S8) {
            float scale = from.scales[2 * slot];
            float least = from.scales[2 * slot + 1];
            conversions.addDequantized(
                    sums, at * Integer.BYTES, columns, scale, least, weight.columns(), bias, total, index);
        } else {
            conversions.add(sumFloats, at, bias, 0, columns, row, 0);
            conversions.add(row, 0, total, index, columns, total, index);
        }
    }

    /** Writes a row of results to y, plus the residual if there is one. */
    private void leave(Floats result, long from, int columns, OneDnnJob job, long index) {
        if (job.residual == null) {
            conversions.add(result, from, zeros, 0, columns, job.y, index);
        } else {
            conversions.add(result, from, job.residual, index, columns, job.y, index);
        }
    }

    @Override
    public void close() {
        input.binding.close();
        units.binding.close();
        arena.close();
    }
}
