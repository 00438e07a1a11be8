package io.tokenwise.backend.onednn;

import io.tokenwise.kernels.HeadColumns;
import io.tokenwise.kernels.HeadOps;
import io.tokenwise.kernels.SequenceOps.AttentionCall;
import io.tokenwise.natives.OneDnn;
import io.tokenwise.natives.Pages;
import io.tokenwise.natives.TileAttention;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** One head's attention by {@link TileAttention}, with room for rows whose columns do not lie side by side. One head at a time. */
final class TileHead implements BufferPool.Buffers {
    /** Queries of a tile. */
    static final int QUERIES = TileAttention.QUERIES;

    private final HeadOps ops;
    private final TileAttention attention;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment gathered;

    TileHead(OneDnn oneDnn, HeadOps ops) {
        this.ops = ops;
        long bytes = (long) TileAttention.MOST_TOKENS * TileAttention.MOST_HEAD_SIZE * Float.BYTES;
        try {
            this.gathered = Pages.allocate(arena, bytes, OneDnnBuffers.ALIGNMENT);
            this.attention = new TileAttention(oneDnn);
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    /** Of the text whose {@code length} rows begin at row {@code first}, {@link #QUERIES} at least. */
    void attend(AttentionCall call, int first, int length, int head) {
        HeadColumns keys = call.key;
        int size = call.headSize;
        attention.setKeys(rows(keys, head, first, length), at(keys, head, first), stride(keys, size), length, size);
        HeadColumns values = call.value;
        attention.setValues(rows(values, head, first, length), at(values, head, first), stride(values, size));
        attention.setScale(call.scale);
        if (seesAll(call, length)) {
            int tiles = length / QUERIES;
            attend(call, first, head, 0, tiles, 0, length);
            if (tiles * QUERIES < length) {
                attend(call, first, head, length - QUERIES, 1, 0, length);
            }
            return;
        }
        for (int i = 0; i < length; i += QUERIES) {
            int query = Math.min(i, length - QUERIES);
            for (int r = 0; r < QUERIES; r++) {
                attention.setSeen(r, call.firstSeen(first, query + r), call.endSeen(first, query + r, length));
            }
            int from = call.firstSeen(first, query);
            int to = call.endSeen(first, query + QUERIES - 1, length);
            attend(call, first, head, query, 1, from, to);
        }
    }

    private static boolean seesAll(AttentionCall call, int length) {
        return call.before == Integer.MAX_VALUE && call.after == Integer.MAX_VALUE
                || call.places == null && call.before >= length - 1 && call.after >= length - 1;
    }

    /** Queries from {@code query} on, counted from {@code first}; their keys are {@code from} to {@code to}. */
    private void attend(AttentionCall call, int first, int head, int query, int tiles, int from, int to) {
        int token = first + query;
        int rows = tiles * QUERIES;
        HeadColumns queries = call.query;
        HeadColumns contexts = call.context;
        boolean inPlace = contexts.areSideBySide();
        attention.attend(
                rows(queries, head, token, rows),
                at(queries, head, token),
                stride(queries, call.headSize),
                tiles,
                from,
                to,
                inPlace ? contexts.memory() : gathered,
                at(contexts, head, token),
                stride(contexts, call.headSize));
        if (!inPlace) {
            ops.scatter(gathered, contexts, head, token, rows);
        }
    }

    /** Where rows are, if their columns lie side by side, or where they are gathered. */
    private MemorySegment rows(HeadColumns columns, int head, int token, int rows) {
        if (columns.areSideBySide()) {
            return columns.memory();
        }
        ops.gather(columns, head, token, rows, gathered);
        return gathered;
    }

    private static long at(HeadColumns columns, int head, int token) {
        return columns.areSideBySide() ? columns.byteAt(token, head, 0) : 0;
    }

    private static long stride(HeadColumns columns, int headSize) {
        return columns.areSideBySide() ? columns.strideBytes() : (long) headSize * Float.BYTES;
    }

    @Override
    public void close() {
        attention.close();
        arena.close();
    }
}
