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
final class OneDnnBuffers implements AutoCloseable {
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

    /** {@code y[r] = act(x[r] weight + bias) + residual[r]} for the rows {@code from} to {@code from + count} of the job. */
    void linear(OneDnnJob job, int from, int count) {
        OneDnnMatrix weight = job.weight;
        int columns = weight.outputs();
        enter(job, from, count);
        multiply(weight, input, count);
        for (int i = 0; i < count; i++) {
            long at = (long) job.row(from + i) * columns;
            if (job.gelu) {
                sum(weight, input, i, job.bias, row, 0);
                elementwise.gelu(row, row, 0, columns);
                finish(job, at, columns);
            } else {
                leave(weight, input, i, job.bias, job, at);
            }
        }
    }

    /** {@code y[r] = gelu(x[r] weight + bias) down + downBias + residual[r]}, likewise. */
    void mlp(OneDnnJob job, int from, int count) {
        OneDnnMatrix up = job.weight;
        int hiddenUnits = up.outputs();
        enter(job, from, count);
        multiply(up, input, count);
        for (int i = 0; i < count; i++) {
            sum(up, input, i, job.bias, row, 0);
            narrowGelu(i, hiddenUnits);
        }
        multiply(job.down, units, count);
        for (int i = 0; i < count; i++) {
            leave(job.down, units, i, job.downBias, job, (long) job.row(from + i) * job.down.outputs());
        }
    }

    private void enter(OneDnnJob job, int from, int count) {
        int columns = job.weight.inputs();
        for (int i = 0; i < count; i++) {
            long index = (long) job.row(from + i) * columns;
            narrow(job.x, index, columns, input, i);
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

    /** Writes a row of the block to y, plus the residual. */
    private void leave(OneDnnMatrix weight, Operand from, int slot, Floats bias, OneDnnJob job, long index) {
        if (job.residual == null) {
            sum(weight, from, slot, bias, job.y, index);
        } else {
            sum(weight, from, slot, bias, row, 0);
            finish(job, index, weight.outputs());
        }
    }

    /** Writes {@link #row} to y, plus the residual if there is one. */
    private void finish(OneDnnJob job, long index, int columns) {
        if (job.residual == null) {
            conversions.add(row, 0, zeros, 0, columns, job.y, index);
        } else {
            conversions.add(row, 0, job.residual, index, columns, job.y, index);
        }
    }

    @Override
    public void close() {
        input.binding.close();
        units.binding.close();
        arena.close();
    }
}
