package io.tokenwise.backend.onednn;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.InputSlices;
import io.tokenwise.backend.OutputSlices;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.onednn.OneDnnMatrix.Part;
import io.tokenwise.kernels.Activation;
import io.tokenwise.kernels.Conversions;
import io.tokenwise.kernels.Conversions.Columns;
import io.tokenwise.kernels.Elementwise;
import io.tokenwise.kernels.Floats;
import io.tokenwise.kernels.GateOps;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.natives.Binding;
import io.tokenwise.natives.OneDnn;
import io.tokenwise.natives.Pages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * What one task needs to multiply blocks of rows by oneDNN: the rows in their narrow type, the sums that come back, and the library's
 * view of both. One task at a time.
 */
final class OneDnnBuffers implements BufferPool.Buffers {
    /**
     * Room for what oneDNN wants besides: under 1 KB, with AMX up to 6 KB, whatever the shape; not always more for more rows. Without VNNI it also
     * has there all sums of a product that is added to others.
     */
    private static final long SCRATCH_BYTES = 64 * 1024;

    static final long ALIGNMENT = 64;

    /** Rows of a block at most. */
    private final int rows;

    /** The widest left-hand side and the widest result that fit. */
    final int inputs;

    final int outputs;

    private final Precision precision;
    private final KernelRows kernelRows;
    private final Conversions conversions;
    private final Elementwise elementwise;
    private final GateOps gates;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment sums;
    private final Floats sumFloats;
    private final Operand input;
    private final Operand units;

    /** A row of sums on its way to the second product or to its residual. */
    private final Floats row;

    /** A slice's part of that row, and where its units go. */
    private final Floats ungated = new Floats(MemorySegment.NULL, 0);

    private final Floats gated = new Floats(MemorySegment.NULL, 0);

    /** What the slices used by a row add to its sums. */
    private final Offsets offsets;

    /** For products without a bias, and for columns that a row does not use. */
    private final Floats zeros;

    OneDnnBuffers(OneDnnBackend backend, OneDnn oneDnn, Kernels kernels, int inputs, int outputs) {
        this.precision = backend.precision();
        this.kernelRows = new KernelRows(backend.hasTiles(), precision != Precision.S8, backend.lacksInt8());
        // Slices of inputs are as wide a job as their inputs.
        this.rows = backend.mostRows(Math.max(inputs, outputs));
        this.conversions = kernels.conversions();
        this.elementwise = kernels.elementwise();
        this.gates = kernels.gates();
        this.inputs = inputs;
        this.outputs = outputs;
        try {
            sums = Pages.allocate(arena, (long) rows * outputs * Float.BYTES, ALIGNMENT);
            sumFloats = new Floats(sums, 0);
            long added = backend.lacksInt8() ? sums.byteSize() : 0;
            MemorySegment scratch = Pages.allocate(arena, SCRATCH_BYTES + added, ALIGNMENT);
            input = operand(oneDnn, scratch);
            units = operand(oneDnn, scratch);
            row = floats();
            offsets = new Offsets(conversions, precision == Precision.S8, floats(), outputs);
            zeros = new Floats(arena.allocate((long) Math.max(inputs, outputs) * Float.BYTES, ALIGNMENT), 0);
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    private Operand operand(OneDnn oneDnn, MemorySegment scratch) {
        return new Operand(oneDnn, arena, rows, inputs, (int) bytes(1), sums, scratch);
    }

    private Floats floats() {
        return new Floats(arena.allocate((long) outputs * Float.BYTES, ALIGNMENT), 0);
    }

    /** Bytes of so many values in the narrow type. */
    private long bytes(long values) {
        return values * OneDnnBackend.inputType(precision).bytes();
    }

    /** {@code y[r] = act(x[r] weight + bias) + residual[r]} for the rows of a task. */
    void product(OneDnnJob job, int task) {
        OneDnnMatrix weight = job.weight;
        int columns = weight.outputs();
        int count = job.rows(task);
        enter(job, task, count, weight);
        multiply(input, 0, 0, weight, count, false);
        Floats bias = job.bias == null ? zeros : job.bias;
        for (int i = 0; i < count; i++) {
            long at = (long) job.row(task, i) * columns;
            long from = (long) i * weight.outputStride();
            if (!job.gelu) {
                sumPlus(from, columns, input, i, weight.columns(), bias, job, at);
                continue;
            }
            sum(from, columns, input, i, weight.columns(), bias, row, 0);
            elementwise.gelu(row, row, 0, columns);
            leave(columns, job, at);
        }
    }

    /**
     * {@code y[r] = the sum of the row's slices + residual[r]} for the rows of a task. All units of a row are narrowed together and the
     * slices' sums added by oneDNN, so a row that uses k slices costs what it would cost in an MLP of that width.
     */
    void mlp(OneDnnJob job, int task) {
        int stride = job.downs.columns();
        multiplyUps(job, task);
        for (int i = 0; i < job.rows(task); i++) {
            long at = (long) i * stride;
            if (job.gated && precision == Precision.S8 && Conversions.GATES.contains(job.activation)) {
                narrow(row, 0, dequantizeGated(job, task, i), units, at, i);
                continue;
            }
            if (!job.gated && job.activation == Activation.GELU && precision == Precision.S8 && job.adjacentBiases) {
                quantizeGelu(job, task, i, at);
                continue;
            }
            int count = widen(job, task, i, row, 0);
            if (job.gated) {
                narrow(row, 0, gate(job, count), units, at, i);
            } else if (job.activation == Activation.GELU && precision == Precision.S8) {
                conversions.quantizeGelu(row, 0, count, units.memory, at, units.scales, i);
            } else {
                gates.activate(row, row, job.activation, 0, count);
                narrow(row, 0, count, units, at, i);
            }
        }
        sumDowns(job, task);
    }

    /** The units of a row from the sums of the slices that it uses, which are one matrix, in one pass. */
    private void quantizeGelu(OneDnnJob job, int task, int slot, long at) {
        OutputSlices slices = job.ups;
        long from = (long) slot * matrix(slices.weights().getFirst()).outputStride() * Integer.BYTES;
        int count = job.columns(task, slot);
        float scale = input.scales[2 * slot];
        float least = input.scales[2 * slot + 1];
        Columns columns = matrix(slices.weights().getLast()).upTo().columns();
        Floats bias = slices.biases().getFirst().floats();
        conversions.quantizeGelu(
                sums, from, count, scale, least, columns, bias, row, units.memory, at, units.scales, slot);
    }

    /** Makes units of so many values of {@link #row}, slice by slice those of u and of g; they then are side by side. Returns how many they are. */
    private int gate(OneDnnJob job, int count) {
        MemorySegment memory = row.segment();
        int unit = 0;
        for (int n = 0; 2 * unit < count; n++) {
            int width = job.downs.weights().get(n).inputs();
            ungated.point(memory, row.at(2L * unit));
            gated.point(memory, row.at(unit));
            gates.gated(ungated, gated, job.activation, width, 0, 1);
            unit += width;
        }
        return unit;
    }

    /** The same from the sums of the slices that a row uses, in one pass. */
    private int dequantizeGated(OneDnnJob job, int task, int slot) {
        OutputSlices slices = job.ups;
        float scale = input.scales[2 * slot];
        float least = input.scales[2 * slot + 1];
        long at = (long) slot * matrix(slices.weights().getFirst()).outputStride() * Integer.BYTES;
        int unit = 0;
        for (int n = 0; job.rows(task, n) > slot; n++) {
            OneDnnMatrix up = matrix(slices.weights().get(n));
            int width = up.outputs() / 2;
            conversions.dequantizeGated(
                    sums,
                    at + 2L * unit * Integer.BYTES,
                    width,
                    scale,
                    least,
                    up.columns(),
                    slices.biases().get(n).floats(),
                    job.activation,
                    row,
                    unit);
            unit += width;
        }
        return unit;
    }

    /** The columns of y of those slices that a row uses. */
    void linearSlices(OneDnnJob job, int task) {
        multiplyUps(job, task);
        for (int i = 0; i < job.rows(task); i++) {
            widen(job, task, i, job.y, (long) job.row(task, i) * job.stride);
        }
    }

    /** All columns of the slices that a row uses are narrowed together, with one scale. */
    void sumSlices(OneDnnJob job, int task) {
        int stride = job.downs.columns();
        for (int i = 0; i < job.rows(task); i++) {
            int count = 0;
            for (int n = 0; job.rows(task, n) > i; n++) {
                count += job.downs.weights().get(n).inputs();
            }
            narrow(job.x, (long) job.row(task, i) * job.stride, count, units, (long) i * stride, i);
        }
        sumDowns(job, task);
    }

    /**
     * How many of the first slices one product does: those that all rows of the job use. Where only a block's rows agree, the slices, which the
     * other blocks read too, are nearer than another prefix: measured, random k at 512 tokens took 2 to 6 % more with prefixes for each block.
     */
    private static int joined(OneDnnJob job, List<PackedMatrix> slices) {
        int joined = 1;
        for (int n = 1; n < slices.size() && job.sharesRows(n); n++) {
            if (matrix(slices.get(n)).prefix() != null) {
                joined = n + 1;
            }
        }
        return joined;
    }

    private void multiplyUps(OneDnnJob job, int task) {
        List<PackedMatrix> slices = job.ups.weights();
        enter(job, task, job.rows(task), matrix(slices.getFirst()));
        int n = joined(job, slices);
        OneDnnMatrix first = matrix(slices.get(n - 1)).upTo();
        multiply(input, 0, 0, first, job.rows(task, 0), false);
        int unit = first.outputs();
        for (; job.rows(task, n) > 0; n++) {
            OneDnnMatrix up = matrix(slices.get(n));
            multiply(input, 0, unit, up, job.rows(task, n), false);
            unit += up.outputs();
        }
    }

    /** Writes the sums of the slices of outputs that a row uses, with their biases, and returns how many they are. */
    private int widen(OneDnnJob job, int task, int slot, Floats y, long index) {
        OutputSlices slices = job.ups;
        int stride = matrix(slices.weights().getFirst()).outputStride();
        int used = 0;
        int unit = 0;
        while (job.rows(task, used) > slot) {
            OneDnnMatrix up = matrix(slices.weights().get(used));
            if (!job.adjacentBiases) {
                Floats bias = slices.biases().get(used).floats();
                sum((long) slot * stride + unit, up.outputs(), input, slot, up.columns(), bias, y, index + unit);
            }
            unit += up.outputs();
            used++;
        }
        if (job.adjacentBiases && used > 0) {
            Columns columns = matrix(slices.weights().getLast()).upTo().columns();
            Floats bias = slices.biases().getFirst().floats();
            sum((long) slot * stride, unit, input, slot, columns, bias, y, index);
        }
        return unit;
    }

    /** Multiplies the slices of inputs and writes each row's sum, with the biases of the slices that it uses and its residual. */
    private void sumDowns(OneDnnJob job, int task) {
        multiplyDowns(job, task);
        InputSlices slices = job.downs;
        int columns = slices.outputs();
        int count = job.rows(task);
        int used = 1;
        for (int i = count - 1; i >= 0; i--) {
            while (job.rows(task, used) > i) {
                used++;
            }
            offsets.use(slices, used, i == count - 1);
            long at = (long) job.row(task, i) * columns;
            sumPlus((long) i * columns, columns, units, i, offsets.columns(), offsets.bias(), job, at);
        }
    }

    /** The first product overwrites the sums, the others add to them: to rows beyond theirs, which share a kernel, nothing. */
    private void multiplyDowns(OneDnnJob job, int task) {
        List<PackedMatrix> slices = job.downs.weights();
        int n = joined(job, slices);
        OneDnnMatrix first = matrix(slices.get(n - 1)).upTo();
        multiply(units, 0, 0, first, job.rows(task, 0), false);
        int unit = first.inputs();
        for (; job.rows(task, n) > 0; n++) {
            OneDnnMatrix down = matrix(slices.get(n));
            multiply(units, unit, 0, down, job.rows(task, n), true);
            unit += down.inputs();
        }
    }

    static OneDnnMatrix matrix(PackedMatrix matrix) {
        return (OneDnnMatrix) matrix;
    }

    private void enter(OneDnnJob job, int task, int count, OneDnnMatrix weight) {
        int columns = weight.inputs();
        for (int i = 0; i < count; i++) {
            narrow(job.x, (long) job.row(task, i) * columns, columns, input, (long) i * weight.inputStride(), i);
        }
    }

    /** Writes a row to an operand's memory from value {@code to} on; {@code slot} is its place in the block. */
    private void narrow(Floats x, long index, int columns, Operand operand, long to, int slot) {
        MemorySegment memory = operand.memory;
        switch (precision) {
            case S8 -> conversions.quantize(x, index, columns, memory, to, operand.scales, slot);
            case BF16 -> conversions.toBfloat16(x, index, columns, memory, bytes(to));
            case F32 -> MemorySegment.copy(x.segment(), x.at(index), memory, bytes(to), (long) columns * Float.BYTES);
        }
    }

    /**
     * Multiplies the first rows of an operand, from a column on, into the sums, from a column on: in one product or a few, one below the other. The
     * rows after the last hold what an earlier block has left, and nobody reads what becomes of them; where sums are added they add nothing.
     */
    private void multiply(Operand operand, int fromInput, int fromOutput, OneDnnMatrix weight, int rows, boolean adds) {
        int inputStride = weight.inputStride();
        int size;
        for (int row = 0; row < rows; row += size) {
            size = kernelRows.of(rows - row);
            if (adds) {
                operand.clear(rows, row + size, inputStride, fromInput, weight.inputs(), zeros);
            }
            int from = row * inputStride + fromInput;
            int to = row * weight.outputStride() + fromOutput;
            for (int i = 0; i < weight.parts().size(); i++) {
                Part part = weight.parts().get(i);
                Binding binding = operand.binding(from, to);
                if (adds) {
                    binding.add(part.weights(), size);
                } else {
                    binding.run(part.weights(), size);
                }
                to += part.outputs();
            }
        }
    }

    /** Writes a row's {@code sums + bias}, the sums from value {@code from} on, in float32. */
    private void sum(
            long from, int columns, Operand operand, int slot, Columns meaning, Floats bias, Floats y, long index) {
        if (precision == Precision.S8) {
            float scale = operand.scales[2 * slot];
            float least = operand.scales[2 * slot + 1];
            conversions.dequantize(sums, from * Integer.BYTES, columns, scale, least, meaning, bias, y, index);
        } else {
            conversions.add(sumFloats, from, bias, 0, columns, y, index);
        }
    }

    /** Writes it to y, plus the residual if there is one. */
    private void sumPlus(
            long from,
            int columns,
            Operand operand,
            int slot,
            Columns meaning,
            Floats bias,
            OneDnnJob job,
            long index) {
        if (job.residual == null) {
            sum(from, columns, operand, slot, meaning, bias, job.y, index);
        } else if (precision == Precision.S8) {
            float scale = operand.scales[2 * slot];
            float least = operand.scales[2 * slot + 1];
            long at = from * Integer.BYTES;
            conversions.dequantizePlus(
                    sums, at, columns, scale, least, meaning, bias, job.residual, index, job.y, index);
        } else {
            sum(from, columns, operand, slot, meaning, bias, row, 0);
            leave(columns, job, index);
        }
    }

    /** Writes {@link #row} to y, plus the residual if there is one. */
    private void leave(int columns, OneDnnJob job, long index) {
        boolean alone = job.residual == null;
        conversions.add(row, 0, alone ? zeros : job.residual, alone ? 0 : index, columns, job.y, index);
    }

    @Override
    public void close() {
        input.close();
        units.close();
        arena.close();
    }
}
