package io.tokenwise.backend.onednn;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.InputSlices;
import io.tokenwise.backend.OutputSlices;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.kernels.Activation;
import io.tokenwise.kernels.Conversions;
import io.tokenwise.kernels.Conversions.Columns;
import io.tokenwise.kernels.Elementwise;
import io.tokenwise.kernels.Floats;
import io.tokenwise.kernels.GateOps;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.natives.OneDnn;
import io.tokenwise.natives.Pages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * What it takes to multiply a block of rows by oneDNN: the rows in their narrow type, the sums that come back, and a {@link Lane} for each thread
 * that takes part. One block at a time, whose {@linkplain Step steps} threads may share.
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
    private final Conversions conversions;
    private final Elementwise elementwise;
    private final GateOps gates;
    private final Arena arena = Arena.ofShared();
    private final OneDnn oneDnn;
    private final MemorySegment sums;
    private final Floats sumFloats;
    private final SumRows sumRows;
    private final BlockProducts products;
    private final Operand input;
    private final Operand units;

    /** Of the threads that take part; the first is there from the beginning, others come when a block is shared. */
    private final List<Lane> lanes = new ArrayList<>();

    private final long scratchBytes;

    /** For products without a bias, and for columns that a row does not use. */
    private final Floats zeros;

    OneDnnBuffers(OneDnnBackend backend, OneDnn oneDnn, Kernels kernels, int inputs, int outputs) {
        this.precision = backend.precision();
        // Slices of inputs are as wide a job as their inputs.
        this.rows = backend.mostRows(Math.max(inputs, outputs));
        this.conversions =
                precision == Precision.S7 ? kernels.conversions().withSteps(Byte.MAX_VALUE) : kernels.conversions();
        this.elementwise = kernels.elementwise();
        this.gates = kernels.gates();
        this.inputs = inputs;
        this.outputs = outputs;
        this.oneDnn = oneDnn;
        try {
            sums = Pages.allocate(arena, (long) rows * outputs * Float.BYTES, ALIGNMENT);
            sumFloats = new Floats(sums, 0);
            scratchBytes = SCRATCH_BYTES + (backend.lacksInt8() ? sums.byteSize() : 0);
            int valueBytes = (int) bytes(1);
            input = new Operand(arena, rows, inputs, valueBytes);
            units = new Operand(arena, rows, inputs, valueBytes);
            zeros = new Floats(arena.allocate((long) Math.max(inputs, outputs) * Float.BYTES, ALIGNMENT), 0);
            sumRows = new SumRows(precision, conversions, sums, sumFloats, zeros);
            var kernelRows = new KernelRows(backend.hasTiles(), !precision.isOfBytes(), backend.lacksInt8());
            products = new BlockProducts(kernelRows, input, units, zeros);
            needLanes(1);
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    /** Makes room for so many threads. */
    void needLanes(int count) {
        while (lanes.size() < count) {
            var offsets = new Offsets(conversions, precision.isOfBytes(), floats(), outputs);
            lanes.add(new Lane(oneDnn, arena, sums, scratchBytes, floats(), offsets));
        }
    }

    private Floats floats() {
        return new Floats(arena.allocate((long) outputs * Float.BYTES, ALIGNMENT), 0);
    }

    /** Bytes of so many values in the narrow type. */
    private long bytes(long values) {
        return values * OneDnnBackend.inputType(precision).bytes();
    }

    /**
     * A share of a step: of {@code shares} equal parts of the block's rows, or of its columns, the one with number {@code share}. All units of a row are
     * narrowed together and the slices' sums added by oneDNN, so a row that uses k slices costs what it would cost in a matrix of that width.
     */
    void run(Step step, OneDnnJob job, int task, int share, int shares) {
        Lane lane = lanes.get(share);
        int count = job.rows(task);
        int from = count * share / shares;
        int to = count * (share + 1) / shares;
        switch (step) {
            case NARROW -> narrow(job, task, from, to);
            case MULTIPLY_OUTPUTS -> products.multiplyOutputs(job, task, lane, share, shares);
            case ACTIVATE -> activate(job, task, lane, from, to);
            case MULTIPLY_INPUTS -> products.multiplyInputs(job, task, lane, share, shares);
            case WIDEN -> widen(job, task, lane, from, to);
        }
    }

    /** The left-hand side: rows of x, or those columns of them that slices of inputs use, with one scale. */
    private void narrow(OneDnnJob job, int task, int from, int to) {
        if (job.weight == null && job.ups == null) {
            int stride = job.downs.columns();
            for (int i = from; i < to; i++) {
                int count = 0;
                for (int n = 0; job.rows(task, n) > i; n++) {
                    count += job.downs.weights().get(n).inputs();
                }
                narrow(job.x, (long) job.row(task, i) * job.stride, count, units, (long) i * stride, i);
            }
            return;
        }
        OneDnnMatrix weight =
                job.weight != null ? job.weight : matrix(job.ups.weights().getFirst());
        int columns = weight.inputs();
        for (int i = from; i < to; i++) {
            narrow(job.x, (long) job.row(task, i) * columns, columns, input, (long) i * weight.inputStride(), i);
        }
    }

    /** The units of an MLP. */
    private void activate(OneDnnJob job, int task, Lane lane, int from, int to) {
        int stride = job.downs.columns();
        for (int i = from; i < to; i++) {
            long at = (long) i * stride;
            Floats row = lane.row;
            if (job.table != null) {
                int columns = job.columns(task, i);
                long unit = (long) i * matrix(job.ups.weights().getFirst()).outputStride();
                narrow(sumFloats, unit, job.gated ? columns / 2 : columns, units, at, i);
                continue;
            }
            if (job.gated && precision.isOfBytes() && Conversions.GATES.contains(job.activation)) {
                narrow(row, 0, dequantizeGated(job, task, i, row), units, at, i);
                continue;
            }
            if (!job.gated && job.activation == Activation.GELU && precision.isOfBytes() && job.adjacentBiases) {
                quantizeGelu(job, task, i, at, row);
                continue;
            }
            int count = sumOutputs(job, task, i, row, 0);
            if (job.gated) {
                narrow(row, 0, gate(job, count, lane), units, at, i);
            } else if (job.activation == Activation.GELU && precision.isOfBytes()) {
                conversions.quantizeGelu(row, 0, count, units.memory, at, units.scales, i);
            } else {
                gates.activate(row, row, job.activation, 0, count);
                narrow(row, 0, count, units, at, i);
            }
        }
    }

    /** The result, from the sums of the last product. */
    private void widen(OneDnnJob job, int task, Lane lane, int from, int to) {
        if (job.weight != null) {
            widenProduct(job, task, lane, from, to);
        } else if (job.downs != null) {
            widenInputs(job, task, lane, from, to);
        } else {
            for (int i = from; i < to; i++) {
                sumOutputs(job, task, i, job.y, (long) job.row(task, i) * job.stride);
            }
        }
    }

    /** {@code y[r] = act(x[r] weight + bias) + residual[r]}. */
    private void widenProduct(OneDnnJob job, int task, Lane lane, int from, int to) {
        OneDnnMatrix weight = job.weight;
        int columns = weight.outputs();
        Floats bias = job.bias == null ? zeros : job.bias;
        for (int i = from; i < to; i++) {
            long at = (long) job.row(task, i) * columns;
            long sum = (long) i * weight.outputStride();
            if (!job.gelu) {
                sumRows.writePlus(sum, columns, input, i, weight.columns(), bias, lane.row, job, at);
                continue;
            }
            sumRows.write(sum, columns, input, i, weight.columns(), bias, lane.row, 0);
            elementwise.gelu(lane.row, lane.row, 0, columns);
            sumRows.leave(lane.row, columns, job, at);
        }
    }

    /** The units of a row from the sums of the slices that it uses, which are one matrix, in one pass. */
    private void quantizeGelu(OneDnnJob job, int task, int slot, long at, Floats row) {
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

    /** Makes units of so many values of a lane's row, slice by slice those of u and of g; they then are side by side. Returns how many they are. */
    private int gate(OneDnnJob job, int count, Lane lane) {
        Floats row = lane.row;
        MemorySegment memory = row.segment();
        int unit = 0;
        for (int n = 0; 2 * unit < count; n++) {
            int width = job.downs.weights().get(n).inputs();
            lane.ungated.point(memory, row.at(2L * unit));
            lane.gated.point(memory, row.at(unit));
            gates.gated(lane.ungated, lane.gated, job.activation, width, 0, 1);
            unit += width;
        }
        return unit;
    }

    /** The same from the sums of the slices that a row uses, in one pass. */
    private int dequantizeGated(OneDnnJob job, int task, int slot, Floats row) {
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

    /** Writes the sums of the slices of outputs that a row uses, with their biases, and returns how many they are. */
    private int sumOutputs(OneDnnJob job, int task, int slot, Floats y, long index) {
        OutputSlices slices = job.ups;
        int stride = matrix(slices.weights().getFirst()).outputStride();
        int used = 0;
        int unit = 0;
        while (job.rows(task, used) > slot) {
            OneDnnMatrix up = matrix(slices.weights().get(used));
            if (!job.adjacentBiases) {
                Floats bias = slices.biases().get(used).floats();
                long from = (long) slot * stride + unit;
                sumRows.write(from, up.outputs(), input, slot, up.columns(), bias, y, index + unit);
            }
            unit += up.outputs();
            used++;
        }
        if (job.adjacentBiases && used > 0) {
            Columns columns = matrix(slices.weights().getLast()).upTo().columns();
            Floats bias = slices.biases().getFirst().floats();
            sumRows.write((long) slot * stride, unit, input, slot, columns, bias, y, index);
        }
        return unit;
    }

    /** Writes the sums of the slices of inputs, with the biases of the slices that a row uses and its residual. */
    private void widenInputs(OneDnnJob job, int task, Lane lane, int from, int to) {
        InputSlices slices = job.downs;
        int columns = slices.outputs();
        Offsets offsets = lane.offsets;
        int used = 1;
        for (int i = to - 1; i >= from; i--) {
            while (job.rows(task, used) > i) {
                used++;
            }
            offsets.use(slices, used, i == to - 1);
            long at = (long) job.row(task, i) * columns;
            long sum = (long) i * columns;
            sumRows.writePlus(sum, columns, units, i, offsets.columns(), offsets.bias(), lane.row, job, at);
        }
    }

    static OneDnnMatrix matrix(PackedMatrix matrix) {
        return (OneDnnMatrix) matrix;
    }

    /** Writes a row to an operand's memory from value {@code to} on; {@code slot} is its place in the block. */
    private void narrow(Floats x, long index, int columns, Operand operand, long to, int slot) {
        MemorySegment memory = operand.memory;
        switch (precision) {
            case S8, S7 -> conversions.quantize(x, index, columns, memory, to, operand.scales, slot);
            case BF16 -> conversions.toBfloat16(x, index, columns, memory, bytes(to));
            case F32 -> MemorySegment.copy(x.segment(), x.at(index), memory, bytes(to), (long) columns * Float.BYTES);
        }
    }

    @Override
    public void close() {
        lanes.forEach(Lane::close);
        arena.close();
    }
}
