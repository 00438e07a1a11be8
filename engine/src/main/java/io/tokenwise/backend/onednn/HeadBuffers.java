package io.tokenwise.backend.onednn;

import static io.tokenwise.backend.onednn.NarrowAttention.MOST_HEAD_SIZE;
import static io.tokenwise.backend.onednn.NarrowAttention.MOST_TOKENS;

import io.tokenwise.kernels.HeadOps;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.kernels.SequenceOps.AttentionCall;
import io.tokenwise.natives.Binding;
import io.tokenwise.natives.DataType;
import io.tokenwise.natives.OneDnn;
import io.tokenwise.natives.Pages;
import io.tokenwise.natives.ProductSpec;
import io.tokenwise.natives.Weights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** What one head's attention by {@link NarrowAttention} needs: its rows in bfloat16, scores, weights and contexts. One head at a time. */
final class HeadBuffers implements BufferPool.Buffers {
    private static final long ALIGNMENT = 64;

    /** Queries at once: more read keys and values less often, but their scores leave the second-level cache. */
    private static final int MOST_QUERIES = 128;

    /** Products for fewer are made for the shortest texts only. */
    private static final int LEAST_QUERIES = 32;

    /** Of all but the shortest texts, products are made for a multiple of so many keys, and others have no weight: so there are few kernels. */
    private static final int KEYS = 64;

    /** oneDNN brings keys and values into its own layout there. */
    private static final long SCRATCH_BYTES = 2L * MOST_TOKENS * MOST_HEAD_SIZE + 64 * 1024;

    private final OneDnn oneDnn;
    private final HeadOps ops;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment queries;
    private final MemorySegment keys;
    private final MemorySegment values;
    private final MemorySegment weights;
    private final MemorySegment scores;
    private final MemorySegment contexts;
    private final float[] inverses = new float[MOST_QUERIES];
    private final Binding toScores;
    private final Binding toContexts;
    private final List<Seen> seen = new ArrayList<>();

    HeadBuffers(OneDnn oneDnn, HeadOps ops) {
        this.oneDnn = oneDnn;
        this.ops = ops;
        Binding bound = null;
        try {
            queries = narrow(MOST_QUERIES * MOST_HEAD_SIZE);
            keys = narrow(MOST_TOKENS * MOST_HEAD_SIZE);
            values = narrow(MOST_TOKENS * MOST_HEAD_SIZE);
            weights = narrow(MOST_QUERIES * MOST_TOKENS);
            scores = floats(MOST_QUERIES * MOST_TOKENS);
            contexts = floats(MOST_QUERIES * MOST_HEAD_SIZE);
            MemorySegment scratch = Pages.allocate(arena, SCRATCH_BYTES, ALIGNMENT);
            bound = oneDnn.bind(queries, scores, scratch);
            toScores = bound;
            toContexts = oneDnn.bind(weights, contexts, scratch);
        } catch (Throwable e) {
            if (bound != null) {
                bound.close();
            }
            arena.close();
            throw e;
        }
    }

    private MemorySegment narrow(long values) {
        return Pages.allocate(arena, values * Short.BYTES, ALIGNMENT);
    }

    private MemorySegment floats(long values) {
        return Pages.allocate(arena, values * Float.BYTES, ALIGNMENT);
    }

    /** The library's view of some neighbouring keys and of their values. */
    private record Seen(int headSize, int from, int count, Weights keys, Weights values) {}

    /** Few: one for each rounded length and, in windows, each rounded place of the first key. */
    private Seen seen(int headSize, int from, int count) {
        for (int i = 0; i < seen.size(); i++) {
            Seen some = seen.get(i);
            if (some.headSize == headSize && some.from == from && some.count == count) {
                return some;
            }
        }
        ProductSpec scoring = ProductSpec.unpacked(headSize, count, DataType.BF16, true);
        ProductSpec summing = ProductSpec.unpacked(count, headSize, DataType.BF16, false);
        long at = bytes((long) from * headSize);
        Seen some = new Seen(
                headSize,
                from,
                count,
                oneDnn.product(scoring)
                        .weights(keys.asSlice(at, scoring.bBytes()))
                        .closeWith(arena),
                oneDnn.product(summing)
                        .weights(values.asSlice(at, summing.bBytes()))
                        .closeWith(arena));
        seen.add(some);
        return some;
    }

    /** Of the text whose {@code length} rows begin at row {@code first}. */
    void attend(AttentionCall call, int first, int length, int head, Scratch scratch) {
        // Behind the text's rows come zeros, up to the last that products read.
        int end = rounded(length);
        ops.toBfloat16(call.key, head, first, length, end, keys, scratch);
        ops.toBfloat16(call.value, head, first, length, end, values, scratch);
        int most = Math.min(MOST_QUERIES, end);
        int count;
        for (int i = 0; i < length; i += count) {
            int left = length - i;
            int made = made(left, most);
            count = Math.min(left, made);
            attend(call, first, length, i, count, made, head, scratch);
        }
    }

    private void attend(
            AttentionCall call, int first, int length, int query, int rows, int made, int head, Scratch scratch) {
        int from = call.firstSeen(first, query) / KEYS * KEYS;
        int columns = rounded(call.endSeen(first, query + rows - 1, length) - from);
        Seen some = seen(call.headSize, from, columns);
        ops.toBfloat16(call.query, head, first + query, rows, rows, queries, scratch);
        toScores.run(some.keys, made);
        ops.softmax(call, first, length, query, rows, from, columns, scores, weights, inverses);
        toContexts.run(some.values, made);
        ops.scaled(contexts, inverses, call.context, head, first + query, rows);
    }

    private static long bytes(long values) {
        return values * Short.BYTES;
    }

    /**
     * Rows that the next product is made for where so many are left: the most or a half, a quarter, ... of it, which have room for those that are left, or, if that
     * would leave more than a quarter unused, half of that first.
     */
    private static int made(int left, int most) {
        int made = most;
        while (made > LEAST_QUERIES && made / 2 >= left) {
            made /= 2;
        }
        return made > LEAST_QUERIES && made - left > made / 4 ? made / 2 : made;
    }

    /** Keys that a product of so many is made for. */
    private static int rounded(int count) {
        return count <= KEYS / 2
                ? (count + HeadOps.STEP - 1) / HeadOps.STEP * HeadOps.STEP
                : (count + KEYS - 1) / KEYS * KEYS;
    }

    @Override
    public void close() {
        toScores.close();
        toContexts.close();
        arena.close();
    }
}
