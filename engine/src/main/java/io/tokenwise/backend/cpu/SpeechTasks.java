package io.tokenwise.backend.cpu;

import io.tokenwise.backend.AttendedRows;
import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.backend.Stream;
import io.tokenwise.kernels.Floats;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** {@link Stream}'s operations of speech models, cut into tasks; shapes are already checked. One caller at a time, like the stream. */
final class SpeechTasks {
    private final CpuDevice device;
    private final RangeJob range;
    private final AttendJob attention;

    /** Half of a cache, for as long as its attention runs. */
    private final Floats values = new Floats(MemorySegment.NULL, 0);

    SpeechTasks(CpuDevice device, RangeJob range) {
        this.device = device;
        this.range = range;
        attention = device.attend();
    }

    void samples(int[] values, Tensor y) {
        MemorySegment.copy(
                values,
                0,
                y.floats().segment(),
                ValueLayout.JAVA_INT,
                y.floats().offset(),
                y.rows());
    }

    void windows(Tensor x, int[] offsets, int sequences, int width, int step, int[] yOffsets, Tensor y) {
        range.operands(x, y, null);
        range.integers = yOffsets;
        range.rows = width;
        range.blocks = step;
        range.forSequences(
                x,
                offsets,
                sequences,
                (o, from, to, s) -> o.kernels
                        .speech()
                        .windows(o.a, o.offsets, o.columns, o.rows, o.blocks, o.b, o.integers, from, to));
    }

    void tanh(Tensor x, Tensor y) {
        range.operands(x, y, null);
        range.forValues(x, (o, from, to, s) -> o.kernels.speech().tanh(o.a, o.b, from, to));
    }

    void groupNorm(Tensor x, int[] offsets, int sequences, Tensor gamma, Tensor beta, float epsilon, Tensor y) {
        range.operands(x, gamma, beta);
        range.d = y.floats();
        range.value = epsilon;
        range.forSequences(
                x,
                offsets,
                sequences,
                (o, from, to, s) ->
                        o.kernels.speech().groupNorm(o.a, o.offsets, o.b, o.c, o.value, o.d, o.columns, from, to));
    }

    void rotate(Tensor x, int[] offsets, int sequences, int position, RotaryPositions positions, int heads) {
        range.a = x.floats();
        range.rotary = positions;
        range.rows = position;
        range.blocks = heads;
        range.forSequences(
                x,
                offsets,
                sequences,
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

    void toColumns(Tensor x, int column, Tensor cache, int at) {
        range.kernels
                .speech()
                .toColumns(
                        x.floats(), x.rows(), x.columns(), column, cache.floats(), cache.rows(), cache.columns(), at);
    }

    void attendOne(Tensor query, Tensor cache, int length, int heads, Tensor context) {
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
                (o, from, to, s) -> o.kernels
                        .speech()
                        .attendOne(o.a, o.b, o.d, o.columns, o.rows, o.blocks, scale(o.blocks), o.c, from, to, s));
    }

    void attend(Tensor queries, Tensor keysValues, AttendedRows rows, Tensor contexts, Tensor probabilities) {
        attention.prepare(queries, keysValues, rows, contexts, probabilities);
        attention.call.contexts = contexts.floats();
        attention.backward = false;
        device.run(attention);
    }

    void attendBackward(
            Tensor queries,
            Tensor keysValues,
            AttendedRows rows,
            Tensor probabilities,
            Tensor dContexts,
            Tensor dQueries,
            Tensor dKeysValues) {
        attention.prepare(queries, keysValues, rows, dContexts, probabilities);
        attention.call.dContexts = dContexts.floats();
        attention.call.dQueries = dQueries.floats();
        attention.call.dKeysValues = dKeysValues.floats();
        attention.backward = true;
        device.run(attention);
    }

    private static float scale(int headSize) {
        return (float) (1 / Math.sqrt(headSize));
    }

    int argmax(Tensor x, int row) {
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
