package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.VectorTiles.DEPTH;
import static io.tokenwise.kernels.VectorTiles.PANEL;
import static io.tokenwise.kernels.VectorTiles.TALL;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;

import io.tokenwise.kernels.SequenceOps.AttentionCall;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Attention of one head of one sequence, for PANEL queries at a time, which lie in the lanes: their scores are {@code [length, PANEL]}, so softmax
 * runs down the columns, without sums or maxima across lanes, and no key is padding. Every sum runs over ascending keys, as in {@link ScalarAttention},
 * so the results have the same bits.
 */
final class VectorAttention {
    private static final float HIDDEN = Float.NEGATIVE_INFINITY;

    private VectorAttention() {}

    static void forward(AttentionCall call, int sequence, int head, Scratch scratch) {
        int first = call.offsets[sequence];
        int length = call.offsets[sequence + 1] - first;
        int size = call.headSize;
        assert size <= AttentionCall.MOST_HEAD_SIZE && call.scale > 0 && call.before >= 0 && call.after >= 0;
        int panel = VectorTranspose.panelFloats(size);
        int keysPerBlock = DEPTH / size * TALL;
        int keyFloats = (length + keysPerBlock - 1) / keysPerBlock * TALL * DEPTH;
        int valueFloats = (size + PANEL - 1) / PANEL * PANEL;

        int weights = keyFloats;
        int sums = weights + (mostKeys(call, length) + TALL) * PANEL;
        int distances = sums + PANEL;
        // From the first place to behind the last one.
        int span = call.place(first, length - 1) + 1;
        int ofPositions = distances + (call.bias == null ? 0 : 2 * span + PANEL);
        float[] work = scratch.floats(
                ofPositions + (call.positions == null ? 0 : VectorPositionScores.floats(call, first, length)));
        if (call.bias != null) {
            placeBias(call, head, span, work, distances);
        }
        long rowsAt = (long) panel * Float.BYTES;
        long packed = 3 * rowsAt;
        long spare = packed + (long) length * valueFloats * Float.BYTES;
        MemorySegment memory = scratch.nativeFloats(spare / Float.BYTES + TALL * PANEL);
        if (call.positions != null) {
            VectorPositionScores.ofKeys(call, head, first, length, memory, work, ofPositions);
        }
        MemorySegment keys = call.key.values.segment();
        long keysAt = call.key.byteAt(first, head, 0);
        long keyStride = call.key.strideBytes();
        if (!call.key.areSideBySide()) {
            keys = memory;
            keysAt = packed;
            keyStride = (long) size * Float.BYTES;
            VectorHeads.gather(call.key, head, first, length, memory, packed, keyStride);
        }
        for (int i = 0, to = 0; i < length; i += keysPerBlock, to += TALL * DEPTH) {
            int count = Math.min(keysPerBlock, length - i);
            VectorHeads.copyKeys(keys, keysAt + i * keyStride, keyStride, count, size, work, to);
        }

        MemorySegment values = call.value.values.segment();
        long valuesAt = call.value.byteAt(first, head, 0);
        long valueStride = call.value.strideBytes();
        if (size < valueFloats || !call.value.areSideBySide()) {
            values = memory;
            valuesAt = packed;
            valueStride = (long) valueFloats * Float.BYTES;
            if (size < valueFloats) {
                VectorPacking.clear(memory, packed, length * valueFloats);
            }
            VectorHeads.gather(call.value, head, first, length, memory, packed, valueStride);
        }

        int seen = call.keys(sequence, length);
        for (int i = 0; i < length; i += PANEL) {
            int rows = Math.min(PANEL, length - i);
            toPanel(call.query, head, first + i, rows, memory);
            // The keys that one of these queries sees, from the beginning of a tile on.
            int from = call.firstSeen(first, i) / TALL * TALL;
            int to = Math.max(from, call.endSeen(first, i + rows - 1, seen));
            for (int j = from; j < to; j += TALL) {
                int count = Math.min(TALL, to - j);
                int key = j / keysPerBlock * TALL * DEPTH + j % keysPerBlock / TALL * size;
                VectorTiles.tile(count, work, key, memory, 0, size, work, weights + (j - from) * PANEL, PANEL, false);
            }
            if (call.bias != null && call.places == null) {
                addBias(work, weights, to - from, distances + span + i - from);
            } else if (call.bias != null) {
                addBias(work, weights, to - from, distances + span, call.places, first + i, rows, first + from);
            }
            if (call.positions != null) {
                VectorPositionScores.add(call, first, length, i, rows, from, to, memory, work, weights, ofPositions);
            }
            hideUnseen(call, first, seen, i, rows, from, to, work, weights);
            softmax(work, weights, to - from, call.scale, sums);
            if (call.seen != null) {
                blind(call, first, seen, i, rows, work, sums);
            }
            if (call.probabilities != null) {
                long row = call.probabilityOffsets[sequence] + ((long) head * length + i) * length;
                storeProbabilities(work, weights, sums, rows, from, to, length, call.probabilities, row);
            }
            for (int r = 0; r < rows; r += TALL) {
                int count = Math.min(TALL, rows - r);
                for (int c = 0; c < size; c += PANEL) {
                    long at = valuesAt + from * valueStride + (long) c * Float.BYTES;
                    context(
                            call,
                            first + i + r,
                            head,
                            c,
                            count,
                            work,
                            weights + r,
                            values,
                            at,
                            valueStride,
                            to - from,
                            sums + r,
                            memory,
                            spare);
                }
            }
        }
    }

    /** A head's columns of up to PANEL tokens to a panel, {@code [size, PANEL]}, at the beginning of the memory; zeros where there are fewer tokens. */
    static void toPanel(HeadColumns from, int head, int token, int rows, MemorySegment memory) {
        int size = from.headSize;
        int panel = VectorTranspose.panelFloats(size);
        long rowsAt = (long) panel * Float.BYTES;
        if (rows < PANEL) {
            int used = F.loopBound(rows * VectorTranspose.rowFloats(size));
            VectorPacking.clear(memory, rowsAt + (long) used * Float.BYTES, panel - used);
        }
        VectorHeads.gather(
                from, head, token, rows, memory, rowsAt, (long) VectorTranspose.rowFloats(size) * Float.BYTES);
        VectorTranspose.toPanel(size, memory);
    }

    /** The most keys that a panel of queries has scores with. */
    private static int mostKeys(AttentionCall call, int length) {
        return (int) Math.min(length, (long) call.before + call.after + PANEL + TALL);
    }

    /**
     * What is added to scores, by how many places the query is behind the key, from {@code -span} on: for one key it lies side by side for the queries in the
     * lanes.
     */
    private static void placeBias(AttentionCall call, int head, int span, float[] to, int at) {
        for (int behind = -span; behind < span + PANEL; behind++) {
            to[at + span + behind] = call.bias(head, -behind);
        }
    }

    /** Adds to the scores of each key what lies one place before that of the key before it. */
    private static void addBias(float[] scores, int at, int keys, int first) {
        for (int j = 0; j < keys; j++) {
            int to = at + j * PANEL;
            FloatVector.fromArray(F, scores, to)
                    .add(FloatVector.fromArray(F, scores, first - j))
                    .intoArray(scores, to);
            FloatVector.fromArray(F, scores, to + LANES)
                    .add(FloatVector.fromArray(F, scores, first - j + LANES))
                    .intoArray(scores, to + LANES);
        }
    }

    /** The same where the lanes' queries, and the keys, have places that do not follow each other. */
    private static void addBias(
            float[] scores, int at, int keys, int same, int[] places, int query, int rows, int firstKey) {
        for (int j = 0; j < keys; j++) {
            int to = at + j * PANEL;
            int behind = same - places[firstKey + j];
            for (int r = 0; r < rows; r++) {
                scores[to + r] += scores[behind + places[query + r]];
            }
        }
    }

    /** Scores of keys that a lane's query does not see become those that have no weight: at the ends only, since all see what lies between. */
    private static void hideUnseen(
            AttentionCall call,
            int first,
            int keys,
            int query,
            int rows,
            int from,
            int to,
            float[] scores,
            int weights) {
        for (int r = 0; r < rows; r++) {
            int lane = weights + r;
            int seen = call.firstSeen(first, query + r);
            int end = call.endSeen(first, query + r, keys);
            if (end <= seen) {
                continue;
            }
            for (int j = from; j < seen; j++) {
                scores[lane + (j - from) * PANEL] = HIDDEN;
            }
            for (int j = end; j < to; j++) {
                scores[lane + (j - from) * PANEL] = HIDDEN;
            }
        }
    }

    /** Takes from queries that see no key what they have got of others. */
    private static void blind(AttentionCall call, int first, int keys, int query, int rows, float[] work, int factors) {
        for (int r = 0; r < rows; r++) {
            if (call.endSeen(first, query + r, keys) <= call.firstSeen(first, query + r)) {
                work[factors + r] = 0;
            }
        }
    }

    /** A tile of the result; by way of the scratch memory where its columns are not next to each other, or the tile is larger than its place. */
    private static void context(
            AttentionCall call,
            int token,
            int head,
            int column,
            int rows,
            float[] work,
            int weights,
            MemorySegment values,
            long valuesAt,
            long valueStride,
            int length,
            int factors,
            MemorySegment memory,
            long spare) {
        HeadColumns to = call.context;
        int columns = Math.min(PANEL, call.headSize - column);
        if (rows == VectorAttentionTiles.rowsWritten(rows) && columns == PANEL && to.areSideBySide()) {
            VectorAttentionTiles.tile(
                    rows,
                    work,
                    weights,
                    values,
                    valuesAt,
                    valueStride,
                    length,
                    factors,
                    to.values.segment(),
                    to.byteAt(token, head, column),
                    to.strideBytes());
            return;
        }
        long stride = (long) PANEL * Float.BYTES;
        VectorAttentionTiles.tile(
                rows, work, weights, values, valuesAt, valueStride, length, factors, memory, spare, stride);
        VectorHeads.scatter(memory, spare, stride, rows, columns, to, head, token, column);
    }

    /**
     * Replaces scores {@code [length, PANEL]} by {@code 2^(factor * (score - the column's largest))}, and writes {@code 1 / sum} of each column.
     *
     * <p>This is {@link ScalarMath#exp2} written out, because its constants are made before the loop: in static fields they are memory, which C2
     * reads again in each turn of a loop that stores floats (a sixth of this method's time), and made in a method of ours they are objects.
     */
    private static void softmax(float[] scores, int at, int length, float scale, int inverses) {
        int end = at + length * PANEL;
        // As integers, positive floats have the same order and negative ones the opposite: two integer instructions of
        // one
        // cycle, where max() on floats takes five instructions and a compare and blend seven cycles.
        IntVector most0 = IntVector.broadcast(Species.I, Integer.MIN_VALUE);
        IntVector most1 = most0;
        IntVector least0 = IntVector.broadcast(Species.I, Integer.MAX_VALUE);
        IntVector least1 = least0;
        for (int j = at; j < end; j += PANEL) {
            IntVector x0 = FloatVector.fromArray(F, scores, j).reinterpretAsInts();
            IntVector x1 = FloatVector.fromArray(F, scores, j + LANES).reinterpretAsInts();
            most0 = most0.max(x0);
            least0 = least0.min(x0);
            most1 = most1.max(x1);
            least1 = least1.min(x1);
        }
        FloatVector factor = FloatVector.broadcast(F, scale * ScalarMath.LOG2_E);
        FloatVector shift0 = most0.blend(least0, most0.compare(LT, 0))
                .reinterpretAsFloats()
                .mul(factor)
                .neg();
        FloatVector shift1 = most1.blend(least1, most1.compare(LT, 0))
                .reinterpretAsFloats()
                .mul(factor)
                .neg();
        FloatVector zero = FloatVector.zero(F);
        FloatVector one = FloatVector.broadcast(F, 1);
        FloatVector round = FloatVector.broadcast(F, ScalarMath.ROUND);
        FloatVector smallest = FloatVector.broadcast(F, ScalarMath.EXP2_SMALLEST);
        FloatVector c1 = FloatVector.broadcast(F, ScalarMath.EXP2_1);
        FloatVector c2 = FloatVector.broadcast(F, ScalarMath.EXP2_2);
        FloatVector c3 = FloatVector.broadcast(F, ScalarMath.EXP2_3);
        FloatVector c4 = FloatVector.broadcast(F, ScalarMath.EXP2_4);
        FloatVector c5 = FloatVector.broadcast(F, ScalarMath.EXP2_5);
        FloatVector sum0 = zero;
        FloatVector sum1 = zero;
        for (int j = at; j < end; j += PANEL) {
            FloatVector x0 = FloatVector.fromArray(F, scores, j).fma(factor, shift0);
            FloatVector n0 = x0.add(round);
            FloatVector r0 = x0.sub(n0.sub(round));
            FloatVector p0 = c5.fma(r0, c4).fma(r0, c3).fma(r0, c2).fma(r0, c1).fma(r0, one);
            FloatVector y0 = p0.reinterpretAsInts()
                    .add(n0.reinterpretAsInts().lanewise(LSHL, 23))
                    .reinterpretAsFloats()
                    .blend(zero, x0.compare(LT, smallest));
            FloatVector x1 = FloatVector.fromArray(F, scores, j + LANES).fma(factor, shift1);
            FloatVector n1 = x1.add(round);
            FloatVector r1 = x1.sub(n1.sub(round));
            FloatVector p1 = c5.fma(r1, c4).fma(r1, c3).fma(r1, c2).fma(r1, c1).fma(r1, one);
            FloatVector y1 = p1.reinterpretAsInts()
                    .add(n1.reinterpretAsInts().lanewise(LSHL, 23))
                    .reinterpretAsFloats()
                    .blend(zero, x1.compare(LT, smallest));
            y0.intoArray(scores, j);
            y1.intoArray(scores, j + LANES);
            sum0 = sum0.add(y0);
            sum1 = sum1.add(y1);
        }
        one.div(sum0).intoArray(scores, inverses);
        one.div(sum1).intoArray(scores, inverses + LANES);
    }

    private static void storeProbabilities(
            float[] work, int weights, int inverses, int rows, int from, int to, int length, Floats y, long at) {
        for (int r = 0; r < rows; r++) {
            for (int j = 0; j < length; j++) {
                int weight = weights + (j - from) * PANEL + r;
                y.set(at + (long) r * length + j, from <= j && j < to ? work[weight] * work[inverses + r] : 0);
            }
        }
    }
}
