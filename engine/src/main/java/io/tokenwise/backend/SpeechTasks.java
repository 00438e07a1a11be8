package io.tokenwise.backend;

import io.tokenwise.kernels.Floats;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.kernels.SpeechOps;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** {@link Stream}'s operations of speech models: checks shapes, and cuts the work into tasks. One caller at a time, like the stream. */
final class SpeechTasks {
    private final RangeJob range;
    private final Scratch scratch;
    private final WorkerPool pool;
    private final AttendJob attention;

    /** Half of a cache, for as long as its attention runs. */
    private final Floats values = new Floats(MemorySegment.NULL, 0);

    SpeechTasks(RangeJob range, Scratch scratch, WorkerPool pool) {
        this.range = range;
        this.pool = pool;
        attention = new AttendJob(range.kernels.speech());
        this.scratch = scratch;
    }

    void samples(int[] values, Tensor y) {
        if (values.length < y.rows()) {
            throw new IllegalArgumentException("samples: " + values.length + " values do not fill " + y.shape());
        }
        Shapes.require("samples", y, y.rows(), 1);
        MemorySegment.copy(
                values,
                0,
                y.floats().segment(),
                ValueLayout.JAVA_INT,
                y.floats().offset(),
                y.rows());
    }

    void windows(Tensor x, int[] offsets, int sequences, int width, int step, int[] yOffsets, Tensor y) {
        Shapes.offsets("windows", offsets, sequences, x.rows());
        Shapes.offsets("windows of", yOffsets, sequences, y.rows());
        Shapes.require("windows", y, y.rows(), width * x.columns());
        for (int i = 0; i < sequences; i++) {
            int count = yOffsets[i + 1] - yOffsets[i];
            int rows = offsets[i + 1] - offsets[i];
            if ((count - 1) * (long) step + width > rows) {
                throw new IllegalArgumentException("windows: " + count + " windows of " + width + " rows, one every "
                        + step + ", are more than sequence " + i + " of " + rows + " rows has");
            }
        }
        range.operands(x, y, null);
        range.integers = yOffsets;
        range.rows = width;
        range.blocks = step;
        range.forSequences(
                x,
                offsets,
                sequences,
                scratch,
                (o, from, to, s) -> o.kernels
                        .speech()
                        .windows(o.a, o.offsets, o.columns, o.rows, o.blocks, o.b, o.integers, from, to));
    }

    void tanh(Tensor x, Tensor y) {
        Shapes.same("tanh", x, y);
        range.operands(x, y, null);
        range.forValues(x, scratch, (o, from, to, s) -> o.kernels.speech().tanh(o.a, o.b, from, to));
    }

    void groupNorm(Tensor x, int[] offsets, int sequences, Tensor gamma, Tensor beta, float epsilon, Tensor y) {
        Shapes.offsets("groupNorm", offsets, sequences, x.rows());
        Shapes.same("groupNorm", x, y);
        Shapes.vector("groupNorm gamma", gamma, x.columns());
        Shapes.vector("groupNorm beta", beta, x.columns());
        range.operands(x, gamma, beta);
        range.d = y.floats();
        range.value = epsilon;
        range.forSequences(
                x,
                offsets,
                sequences,
                scratch,
                (o, from, to, s) ->
                        o.kernels.speech().groupNorm(o.a, o.offsets, o.b, o.c, o.value, o.d, o.columns, from, to));
    }

    void rotate(Tensor x, int[] offsets, int sequences, int position, RotaryPositions positions, int heads) {
        Shapes.offsets("rotate", offsets, sequences, x.rows());
        if ((long) heads * positions.headSize() > x.columns()) {
            throw new IllegalArgumentException("rotate: " + x.shape() + " does not hold " + heads + " heads of "
                    + positions.headSize() + " columns");
        }
        for (int i = 0; i < sequences; i++) {
            int end = position + offsets[i + 1] - offsets[i];
            if (position < 0 || end > positions.count()) {
                throw new IllegalArgumentException("rotate: sequence " + i + " has positions from " + position + " to "
                        + (end - 1) + ", there are " + positions.count());
            }
        }
        range.a = x.floats();
        range.rotary = positions;
        range.rows = position;
        range.blocks = heads;
        range.forSequences(
                x,
                offsets,
                sequences,
                scratch,
                (o, from, to, s) -> o.kernels
                        .speech()
                        .rotate(
                                o.a,
                                o.columns,
                                o.offsets,
                                o.rows,
                                o.rotary.cosines(),
                                o.rotary.sines(),
                                o.blocks,
                                o.rotary.headSize(),
                                o.rotary.rotated(),
                                from,
                                to));
    }

    void gatedSilu(Tensor x, int units, Tensor y) {
        checkGated("gatedSilu", x, units, y);
        range.operands(x, y, null);
        forBlocks(y, units, (o, from, to, s) -> o.kernels.speech().gatedSilu(o.a, o.b, o.columns, from, to));
    }

    void gatedSiluBackward(Tensor x, int units, Tensor dy, Tensor dx) {
        checkGated("gatedSiluBackward", x, units, dy);
        Shapes.same("gatedSiluBackward", x, dx);
        range.operands(x, dy, dx);
        forBlocks(
                dy,
                units,
                (o, from, to, s) -> o.kernels.speech().gatedSiluBackward(o.a, o.b, o.c, o.columns, from, to));
    }

    private static void checkGated(String operation, Tensor x, int units, Tensor y) {
        Shapes.require(operation, x, y.rows(), 2 * y.columns());
        if (units < 1 || y.columns() % units != 0) {
            throw new IllegalArgumentException(
                    operation + ": " + y.shape() + " is not cut into blocks of " + units + " columns");
        }
    }

    /** Blocks lie one after the other, row by row: to the kernel they are rows. */
    private void forBlocks(Tensor y, int units, RangeJob.Body body) {
        range.columns = units;
        range.forEach(y.size() / units, RangeJob.grain(units), scratch, body);
    }

    void toColumns(Tensor x, int column, Tensor cache, int at) {
        if (column < 0 || column + cache.rows() > x.columns() || at < 0 || at + x.rows() > cache.columns()) {
            throw new IllegalArgumentException("toColumns: " + x.shape() + " from column " + column
                    + " on does not fit " + cache.shape() + " from column " + at + " on");
        }
        range.kernels
                .speech()
                .toColumns(
                        x.floats(), x.rows(), x.columns(), column, cache.floats(), cache.rows(), cache.columns(), at);
    }

    void attendOne(Tensor query, Tensor cache, int length, int heads, Tensor context) {
        Shapes.same("attendOne", query, context);
        Shapes.vector("attendOne", query, cache.rows() / 2);
        if (heads < 1 || cache.rows() % (2 * heads) != 0) {
            throw new IllegalArgumentException(
                    "attendOne: " + cache.shape() + " does not hold keys and values of " + heads + " heads");
        }
        if (length < 1 || length > cache.columns() || cache.columns() % SpeechOps.STEP != 0) {
            throw new IllegalArgumentException("attendOne: " + length + " tokens of " + cache.shape()
                    + "; there is at least one, and a cache has a multiple of " + SpeechOps.STEP);
        }
        values.point(cache.floats().segment(), cache.floats().at((long) cache.rows() / 2 * cache.columns()));
        range.operands(query, cache, context);
        range.d = values;
        range.columns = cache.columns();
        range.rows = length;
        range.blocks = query.columns() / heads;
        // Each head reads its keys and its values once.
        range.forEach(
                heads,
                RangeJob.grain(2 * length * range.blocks),
                scratch,
                (o, from, to, s) -> o.kernels
                        .speech()
                        .attendOne(o.a, o.b, o.d, o.columns, o.rows, o.blocks, scale(o.blocks), o.c, from, to, s));
    }

    void attend(Tensor queries, Tensor keysValues, AttendedRows rows, Tensor contexts, Tensor probabilities) {
        attention.prepare("attend", queries, keysValues, rows, contexts, probabilities);
        attention.call.contexts = contexts.floats();
        attention.backward = false;
        pool.run(attention, attention.tasks(), scratch);
    }

    void attendBackward(
            Tensor queries,
            Tensor keysValues,
            AttendedRows rows,
            Tensor probabilities,
            Tensor dContexts,
            Tensor dQueries,
            Tensor dKeysValues) {
        attention.prepare("attendBackward", queries, keysValues, rows, dContexts, probabilities);
        Shapes.same("attendBackward", queries, dQueries);
        Shapes.same("attendBackward", keysValues, dKeysValues);
        attention.call.dContexts = dContexts.floats();
        attention.call.dQueries = dQueries.floats();
        attention.call.dKeysValues = dKeysValues.floats();
        attention.backward = true;
        pool.run(attention, attention.tasks(), scratch);
    }

    private static float scale(int headSize) {
        return (float) (1 / Math.sqrt(headSize));
    }

    int argmax(Tensor x, int row) {
        if (row < 0 || row >= x.rows()) {
            throw new IllegalArgumentException("argmax: row " + row + " of " + x.shape());
        }
        var values = x.floats();
        long first = (long) row * x.columns();
        int best = 0;
        float most = values.get(first);
        for (int column = 1; column < x.columns(); column++) {
            float value = values.get(first + column);
            if (value > most) {
                best = column;
                most = value;
            }
        }
        return best;
    }
}
