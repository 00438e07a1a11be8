package io.tokenwise.kernels;

import static io.tokenwise.kernels.VectorTiles.DEPTH;
import static io.tokenwise.kernels.VectorTiles.PANEL;
import static io.tokenwise.kernels.VectorTiles.TALL;

import io.tokenwise.kernels.SequenceOps.AttentionCall;
import java.lang.foreign.MemorySegment;

/**
 * What {@link AttentionCall#positions} adds to the scores of {@link VectorAttention}: products of a panel of queries with the keys of all distances that these have, and
 * of a panel of keys with the queries of theirs, from which each score takes two. The sums are those of {@link ScalarAttention}, so the results have the same bits.
 *
 * <p>Its part of the scratch memory begins with rows of positions as the products' left side, then come the products of a panel of queries, then those of all keys, a
 * panel after the other. A panel has room for all distances of the sequence; those that it does not have are left as they were.
 */
final class VectorPositionScores {
    private static final RowAttention ROWS = new VectorRowAttention();

    private VectorPositionScores() {}

    /** The first of the rows that distances of a sequence have. */
    private static int lowest(AttentionCall call, int first, int length) {
        int span = distance(call, first, 0, length - 1);
        return Math.min(call.positionRow(-span), call.positionRow(span));
    }

    private static int count(AttentionCall call, int first, int length) {
        int span = distance(call, first, 0, length - 1);
        return Math.abs(call.positionRow(span) - call.positionRow(-span)) + 1;
    }

    private static int keysPerBlock(AttentionCall call) {
        return DEPTH / call.headSize * TALL;
    }

    private static int packedFloats(AttentionCall call, int count) {
        int block = keysPerBlock(call);
        return (count + block - 1) / block * TALL * DEPTH;
    }

    /** Floats of a panel's products; tiles write whole. */
    private static int panelFloats(int count) {
        return (count + TALL) * PANEL;
    }

    static int floats(AttentionCall call, int first, int length) {
        int count = count(call, first, length);
        int panels = 1 + (length + PANEL - 1) / PANEL;
        return Math.addExact(packedFloats(call, count), Math.multiplyExact(panels, panelFloats(count)));
    }

    /** Products of all keys with the queries of distances. */
    static void ofKeys(
            AttentionCall call, int head, int first, int length, MemorySegment memory, float[] work, int at) {
        int count = count(call, first, length);
        int lowest = lowest(call, first, length);
        pack(call, call.positionQuery(lowest, head), count, work, at);
        int to = at + packedFloats(call, count) + panelFloats(count);
        for (int i = 0; i < length; i += PANEL) {
            int keys = Math.min(PANEL, length - i);
            VectorAttention.toPanel(call.key, head, first + i, keys, memory);
            int one = call.positionRow(distance(call, first, length - 1, i)) - lowest;
            int other = call.positionRow(distance(call, first, 0, i + keys - 1)) - lowest;
            multiply(call, one, other, memory, work, at, to);
            to += panelFloats(count);
        }
        pack(call, call.positionKey(lowest, head), count, work, at);
    }

    /**
     * Adds to the scores {@code [keys, PANEL]} of the queries from {@code query} on, which lie at the beginning of the memory, with the keys {@code from} to {@code to}.
     */
    static void add(
            AttentionCall call,
            int first,
            int length,
            int query,
            int rows,
            int from,
            int to,
            MemorySegment memory,
            float[] work,
            int scores,
            int at) {
        if (from == to) {
            return;
        }
        int count = count(call, first, length);
        int ofQueries = at + packedFloats(call, count);
        int lowest = lowest(call, first, length);
        int one = call.positionRow(distance(call, first, query + rows - 1, from)) - lowest;
        int other = call.positionRow(distance(call, first, query, to - 1)) - lowest;
        multiply(call, one, other, memory, work, at, ofQueries);
        int lowestAt = lowest * PANEL;
        int farthest = call.positionRows.length / 2;
        boolean follow = call.places == null && length - 1 <= farthest;
        for (int j = from; j < to; j++) {
            int target = scores + (j - from) * PANEL;
            int ofKey = ofQueries + (1 + j / PANEL) * panelFloats(count) + j % PANEL - lowestAt;
            if (follow) {
                add(work, target, rows, call.positionRows, farthest + j - query, ofQueries - lowestAt, ofKey);
                continue;
            }
            for (int r = 0; r < rows; r++) {
                int row = call.positionRow(distance(call, first, query + r, j)) * PANEL;
                work[target + r] += work[ofQueries - lowestAt + row + r] + work[ofKey + row];
            }
        }
    }

    /** Of one key, where queries' distances from it follow each other in the table. */
    private static void add(float[] work, int scores, int rows, int[] table, int distance, int ofQueries, int ofKey) {
        for (int r = 0; r < rows; r++) {
            int row = table[distance - r] * PANEL;
            work[scores + r] += work[ofQueries + row + r] + work[ofKey + row];
        }
    }

    private static void pack(AttentionCall call, long rows, int count, float[] to, int at) {
        Floats all = call.positions;
        long stride = (long) call.positionStride * Float.BYTES;
        int block = keysPerBlock(call);
        for (int i = 0; i < count; i += block) {
            VectorHeads.copyKeys(
                    all.segment(),
                    all.at(rows) + i * stride,
                    stride,
                    Math.min(block, count - i),
                    call.headSize,
                    to,
                    at + i / block * TALL * DEPTH);
        }
    }

    /** How many places a row of a sequence, a key, is behind another. */
    private static int distance(AttentionCall call, int first, int query, int key) {
        return call.place(first, key) - call.place(first, query);
    }

    /** The packed rows of distances from one to the other, either way, times the panel at the beginning of the memory. */
    private static void multiply(
            AttentionCall call, int one, int other, MemorySegment memory, float[] work, int at, int to) {
        int block = keysPerBlock(call);
        int end = Math.max(one, other) + 1;
        for (int i = Math.min(one, other) / TALL * TALL; i < end; i += TALL) {
            int row = at + i / block * TALL * DEPTH + i % block / TALL * call.headSize;
            int tile = Math.min(TALL, end - i);
            VectorTiles.tile(tile, work, row, memory, 0, call.headSize, work, to + i * PANEL, PANEL, false);
        }
    }

    /**
     * Adds what positions do to the gradients of queries and keys, and theirs if it is wanted.
     *
     * @param scores where the gradients of scores lie, in panels {@code [length / PANEL][length][PANEL]}
     */
    static void addGradients(AttentionCall call, int head, int first, int length, float[] work, int scores) {
        for (int i = 0; i < length; i++) {
            for (int j = 0; j < length; j++) {
                float gradient = work[scores + j / PANEL * PANEL * length + i * PANEL + j % PANEL];
                int row = call.positionRow(call.place(first, j) - call.place(first, i));
                addGradients(call, head, first + i, first + j, row, gradient);
            }
        }
    }

    /** Of the score of a query's and a key's token. */
    private static void addGradients(
            AttentionCall call, int head, int queryToken, int keyToken, int row, float gradient) {
        int size = call.headSize;
        long query = call.query.at(queryToken, head, 0);
        long key = call.key.at(keyToken, head, 0);
        long positionQuery = call.positionQuery(row, head);
        long positionKey = call.positionKey(row, head);
        ROWS.addScaled(gradient, call.positions, positionKey, call.dQkv, query, size);
        ROWS.addScaled(gradient, call.positions, positionQuery, call.dQkv, key, size);
        if (call.dPositions != null) {
            ROWS.addScaled(gradient, call.query.values, query, call.dPositions, positionKey, size);
            ROWS.addScaled(gradient, call.query.values, key, call.dPositions, positionQuery, size);
        }
    }
}
