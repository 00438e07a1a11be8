package io.tokenwise.backend;

import io.tokenwise.kernels.Conversions;
import io.tokenwise.kernels.Floats;
import io.tokenwise.natives.Binding;
import io.tokenwise.natives.OneDnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

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
    private final Arena arena = Arena.ofShared();
    private final MemorySegment sums;
    private final Floats sumFloats;
    private final Operand input;
    private final Operand units;

    /** A row on its way in or out. */
    private final float[] row;

    OneDnnBuffers(OneDnn oneDnn, Precision precision, Conversions conversions, int inputs, int outputs) {
        this.precision = precision;
        this.conversions = conversions;
        this.inputs = inputs;
        this.outputs = outputs;
        sums = arena.allocate((long) ROWS * outputs * Float.BYTES, ALIGNMENT);
        sumFloats = new Floats(sums, 0);
        MemorySegment scratch = arena.allocate(SCRATCH_BYTES, ALIGNMENT);
        input = new Operand(oneDnn, scratch);
        units = new Operand(oneDnn, scratch);
        row = new float[Math.max(inputs, outputs)];
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
        enter(job, from, count, weight.inputs());
        multiply(weight, input, count);
        for (int i = 0; i < count; i++) {
            sum(weight, input, i, job.bias);
            if (job.gelu) {
                conversions.gelu(row, weight.outputs());
            }
            leave(job, from + i, weight.outputs());
        }
    }

    /** {@code y[r] = gelu(x[r] weight + bias) down + downBias + residual[r]}, likewise. */
    void mlp(OneDnnJob job, int from, int count) {
        OneDnnMatrix up = job.weight;
        enter(job, from, count, up.inputs());
        multiply(up, input, count);
        for (int i = 0; i < count; i++) {
            sum(up, input, i, job.bias);
            conversions.gelu(row, up.outputs());
            narrow(units, i, up.outputs());
        }
        multiply(job.down, units, count);
        for (int i = 0; i < count; i++) {
            sum(job.down, units, i, job.downBias);
            leave(job, from + i, job.down.outputs());
        }
    }

    private void enter(OneDnnJob job, int from, int count, int columns) {
        for (int i = 0; i < count; i++) {
            conversions.load(job.x, (long) job.row(from + i) * columns, columns, row);
            narrow(input, i, columns);
        }
    }

    private void narrow(Operand to, int index, int columns) {
        long at = (long) index * columns;
        switch (precision) {
            case S8 -> conversions.quantize(row, columns, to.memory, at, to.scales, index);
            case BF16 -> conversions.toBfloat16(row, columns, to.memory, at * Short.BYTES);
            case F32 -> MemorySegment.copy(row, 0, to.memory, ValueLayout.JAVA_FLOAT, at * Float.BYTES, columns);
        }
    }

    /** Multiplies a block. Some row counts share a kernel: the rows between hold what an earlier block has left, and nobody reads them. */
    private void multiply(OneDnnMatrix weight, Operand from, int count) {
        from.binding.run(weight.weights(), kernelRows(count));
    }

    /** Exact for few rows; then in steps, so that ragged batches need few kernels, of which each costs some 100 microseconds once. */
    static int kernelRows(int count) {
        int step = count <= 8 ? 1 : count <= 16 ? 2 : 4;
        return (count + step - 1) / step * step;
    }

    private void sum(OneDnnMatrix weight, Operand from, int index, Floats bias) {
        int columns = weight.outputs();
        long at = (long) index * columns;
        if (precision == Precision.S8) {
            float scale = from.scales[2 * index];
            float least = from.scales[2 * index + 1];
            conversions.dequantize(
                    sums, at * Integer.BYTES, columns, scale, least, weight.scales(), weight.sums(), row);
        } else {
            conversions.load(sumFloats, at, columns, row);
        }
        if (bias != null) {
            conversions.add(bias, 0, columns, row);
        }
    }

    private void leave(OneDnnJob job, int index, int columns) {
        long at = (long) job.row(index) * columns;
        if (job.residual != null) {
            conversions.add(job.residual, at, columns, row);
        }
        conversions.store(row, columns, job.y, at);
    }

    @Override
    public void close() {
        input.binding.close();
        units.binding.close();
        arena.close();
    }
}
