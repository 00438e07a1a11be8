package io.tokenwise.backend.cpu;

import io.tokenwise.backend.Stream;
import io.tokenwise.kernels.Elementwise.AdamWStep;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * {@link Stream}'s operations on values, whatever their place in a matrix, cut into tasks; shapes are already checked. One caller at a
 * time, like the stream.
 */
final class ValueTasks {
    /** Values whose squares are summed by one task: the blocks, and so the bits, are the same for any number of threads. */
    private static final int SQUARES_BLOCK = RangeJob.GRAIN_VALUES;

    private final RangeJob range;

    ValueTasks(RangeJob range) {
        this.range = range;
    }

    void add(Tensor a, Tensor b, Tensor y) {
        range.operands(a, b, y);
        range.forValues(a, (o, from, to, s) -> o.kernels.elementwise().add(o.a, o.b, o.c, from, to));
    }

    void addScaled(Tensor x, float factor, Tensor y) {
        range.operands(x, y, null);
        range.value = factor;
        range.forValues(x, (o, from, to, s) -> o.kernels.elementwise().addScaled(o.a, o.value, o.b, from, to));
    }

    void copy(Tensor x, Tensor y) {
        MemorySegment.copy(
                x.floats().segment(),
                x.floats().offset(),
                y.floats().segment(),
                y.floats().offset(),
                (long) x.size() * Float.BYTES);
    }

    void fill(Tensor x, float value) {
        range.a = x.floats();
        range.value = value;
        range.forValues(x, value == 0 ? ValueTasks::clear : ValueTasks::fill);
    }

    private static void clear(RangeJob o, int from, int to, Scratch scratch) {
        long bytes = (long) (to - from) * Float.BYTES;
        o.a.segment().asSlice(o.a.at(from), bytes).fill((byte) 0);
    }

    private static void fill(RangeJob o, int from, int to, Scratch scratch) {
        for (int i = from; i < to; i++) {
            o.a.set(i, o.value);
        }
    }

    double sumOfSquares(Tensor x) {
        int blocks = Math.ceilDiv(x.size(), SQUARES_BLOCK);
        var sums = new double[blocks];
        range.a = x.floats();
        range.rows = x.size();
        range.sums = sums;
        range.forEach(blocks, 1, ValueTasks::sumsOfSquares);
        double total = 0;
        for (double sum : sums) {
            total += sum;
        }
        return total;
    }

    private static void sumsOfSquares(RangeJob o, int from, int to, Scratch scratch) {
        for (int block = from; block < to; block++) {
            int start = block * SQUARES_BLOCK;
            int end = (int) Math.min(o.rows, start + (long) SQUARES_BLOCK);
            o.sums[block] = o.kernels.elementwise().sumOfSquares(o.a, start, end);
        }
    }

    void addBias(Tensor x, int[] rows, int from, int to, Tensor bias, Tensor y) {
        for (int i = from; i < to; i++) {
            long at = (long) rows[i] * x.columns();
            range.kernels.conversions().add(x.floats(), at, bias.floats(), 0, x.columns(), y.floats(), at);
        }
    }

    void adamW(Tensor weight, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
        range.operands(weight, gradient, m);
        range.d = v.floats();
        range.step = step;
        range.forValues(
                weight, (o, from, to, s) -> o.kernels.elementwise().adamW(o.a, o.b, o.c, o.d, o.step, from, to));
    }
}
