package io.tokenwise.backend.onednn;

import io.tokenwise.backend.cpu.HeadAttention;
import io.tokenwise.kernels.HeadOps;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.kernels.SequenceOps;
import io.tokenwise.kernels.SequenceOps.AttentionCall;
import io.tokenwise.natives.OneDnn;
import io.tokenwise.natives.TileAttention;

/**
 * Attention whose two products are of bfloat16, which take half of float32's time; sums and softmax are of floats. Bytes would lose the many small weights
 * beside a large one. Short texts, long ones and training stay with float32. What a head of a text gives depends on that text alone. A value that is no number
 * may show in all rows of a block of its text, those that do not see it too: 0 times it is none either.
 */
final class NarrowAttention implements HeadAttention {
    /** With fewer tokens, and in smaller heads, handing over to oneDNN and rounding take longer than products in float32 do (docs/lab/families.md). */
    private static final int LEAST_TOKENS = 128;

    private static final int LEAST_HEAD_SIZE = 64;

    /** With more, scores of as many queries as pay leave the second-level cache. */
    static final int MOST_TOKENS = 1024;

    static final int MOST_HEAD_SIZE = 128;

    private final SequenceOps wide;
    private final BufferPool<HeadBuffers> buffers;

    /** Null where our own code does not run. */
    private final BufferPool<TileHead> tiles;

    NarrowAttention(OneDnn oneDnn, Kernels kernels, int places) {
        this.wide = kernels.sequences();
        this.buffers = new BufferPool<>(places, _ -> true, () -> new HeadBuffers(oneDnn, kernels.heads()));
        this.tiles = TileAttention.runsOn(oneDnn)
                ? new BufferPool<>(places, _ -> true, () -> new TileHead(oneDnn, kernels.heads()))
                : null;
    }

    @Override
    public void attend(AttentionCall call, int sequence, int head, Scratch scratch) {
        int length = call.offsets[sequence + 1] - call.offsets[sequence];
        int first = call.offsets[sequence];
        if (!isPlain(call)) {
            wide.attention(call, sequence, head, scratch);
        } else if (fitTiles(call.headSize, length)) {
            TileHead own = tiles.borrow();
            try {
                own.attend(call, first, length, head);
            } finally {
                tiles.giveBack(own);
            }
        } else if (fit(call.headSize, length)) {
            HeadBuffers own = buffers.borrow();
            try {
                own.attend(call, first, length, head, scratch);
            } finally {
                buffers.giveBack(own);
            }
        } else {
            wide.attention(call, sequence, head, scratch);
        }
    }

    private static boolean isPlain(AttentionCall call) {
        return call.bias == null && call.positions == null && call.seen == null && call.probabilities == null;
    }

    private boolean fitTiles(int headSize, int length) {
        return tiles != null
                && headSize % TileAttention.STEP == 0
                && headSize <= TileAttention.MOST_HEAD_SIZE
                && length >= TileHead.QUERIES
                && length <= TileAttention.MOST_TOKENS;
    }

    private static boolean fit(int headSize, int length) {
        return length >= LEAST_TOKENS
                && length <= MOST_TOKENS
                && headSize >= LEAST_HEAD_SIZE
                && headSize <= MOST_HEAD_SIZE
                && headSize % HeadOps.STEP == 0;
    }

    void close() {
        buffers.close();
        if (tiles != null) {
            tiles.close();
        }
    }
}
