package io.tokenwise.nn;

import java.util.Arrays;

/**
 * All tokens of several sequences one after the other, with the offsets at which sequences start: ragged, never padded. It can be
 * filled again and again; once large enough it allocates nothing. Not thread-safe.
 */
public final class TokenBatch {
    private int[] ids = new int[256];
    private int[] offsets = new int[16];
    private int sequences;

    public static TokenBatch of(int[]... sequences) {
        var batch = new TokenBatch();
        for (int[] sequence : sequences) {
            batch.add(sequence);
        }
        return batch;
    }

    public void clear() {
        sequences = 0;
    }

    /** Appends a sequence of token ids; an empty one is an error, since it has no vector. */
    public void add(int[] tokenIds) {
        if (tokenIds.length == 0) {
            throw new IllegalArgumentException("a sequence without tokens cannot be encoded");
        }
        int tokens = tokens();
        if (ids.length < tokens + tokenIds.length) {
            ids = Arrays.copyOf(ids, Math.max(2 * ids.length, tokens + tokenIds.length));
        }
        System.arraycopy(tokenIds, 0, ids, tokens, tokenIds.length);
        if (offsets.length < sequences + 2) {
            offsets = Arrays.copyOf(offsets, 2 * offsets.length);
        }
        offsets[++sequences] = tokens + tokenIds.length;
    }

    public int tokens() {
        return offsets[sequences];
    }

    public int sequences() {
        return sequences;
    }

    public int length(int sequence) {
        return offsets[sequence + 1] - offsets[sequence];
    }

    /** Token ids; the first {@link #tokens()} entries count. Not a copy. */
    public int[] ids() {
        return ids;
    }

    /** Sequence i holds rows {@code offsets[i]} to {@code offsets[i + 1]}. Not a copy. */
    public int[] offsets() {
        return offsets;
    }
}
