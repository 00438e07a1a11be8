package io.tokenwise.backend.cpu;

import io.tokenwise.backend.Stream;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * {@link Stream}'s operations on the rows of a matrix, each by itself, cut into tasks; shapes are already checked.
 * One caller at a time, like the stream.
 */
final class RowTasks {
    private final RangeJob range;

    RowTasks(RangeJob range) {
        this.range = range;
    }

    void dots(Tensor x, Tensor weight, Tensor bias, Tensor y) {
        range.operands(x, weight, bias);
        range.d = y.floats();
        range.blocks = y.columns();
        range.forRows(
                x, (o, from, to, s) -> o.kernels.rows().dots(o.a, o.b, o.c, o.blocks, o.d, o.columns, from, to, s));
    }

    /** Copies columns of a row, from {@code column} on, to those of the entries {@code from} (inclusive) to {@code to} (exclusive) of rows, if null themselves rows. */
    void copyToRows(Tensor row, int column, int[] rows, int from, int to, Tensor y) {
        range.operands(row, y, null);
        range.columns = y.columns();
        range.rows = from;
        range.blocks = column;
        range.integers = rows;
        range.forEach(to - from, RangeJob.grain(y.columns() - column), RowTasks::copyToRows);
    }

    private static void copyToRows(RangeJob o, int from, int to, Scratch scratch) {
        long bytes = (long) (o.columns - o.blocks) * Float.BYTES;
        for (int i = o.rows + from; i < o.rows + to; i++) {
            int row = o.integers == null ? i : o.integers[i];
            long target = o.b.at((long) row * o.columns + o.blocks);
            MemorySegment.copy(o.a.segment(), o.a.at(o.blocks), o.b.segment(), target, bytes);
        }
    }
}
