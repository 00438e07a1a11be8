package io.tokenwise.nn;

import java.util.Arrays;

/**
 * Several inputs one after the other, and at which rows the tokens start that a model makes of each: ragged, never padded. A text's input is its
 * token ids, an image's its pixels, a recording's its samples. It can be filled again and again; once large enough it allocates nothing. Not thread-safe.
 */
public final class TokenBatch {
    private int[] inputs = new int[256];
    private int length;
    private int[] inputOffsets = new int[16];
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
        length = 0;
    }

    /** Appends a sequence of token ids; an empty one is an error, since it has no vector. */
    public void add(int[] tokenIds) {
        add(tokenIds, tokenIds.length);
    }

    /** Appends an input of which the model makes so many tokens, at least one. */
    public void add(int[] input, int tokens) {
        if (tokens == 0) {
            throw new IllegalArgumentException("a sequence without tokens cannot be encoded");
        }
        if (inputs.length - length < input.length) {
            inputs = Arrays.copyOf(inputs, Math.max(2 * inputs.length, Math.addExact(length, input.length)));
        }
        System.arraycopy(input, 0, inputs, length, input.length);
        length += input.length;
        if (offsets.length < sequences + 2) {
            offsets = Arrays.copyOf(offsets, 2 * offsets.length);
            inputOffsets = Arrays.copyOf(inputOffsets, offsets.length);
        }
        inputOffsets[sequences + 1] = length;
        offsets[sequences + 1] = offsets[sequences] + tokens;
        sequences++;
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

    /** The inputs one after the other: token ids, pixels as {@code 0xRRGGBB}, or samples of sound as the bits of floats; the first {@link #inputLength} entries count. Not a copy. */
    public int[] inputs() {
        return inputs;
    }

    /** Entries of {@link #inputs} that count. */
    public int inputLength() {
        return length;
    }

    /** Input i is the entries {@code inputOffsets[i]} to {@code inputOffsets[i + 1]} of {@link #inputs}. Not a copy. */
    public int[] inputOffsets() {
        return inputOffsets;
    }

    /** Sequence i holds rows {@code offsets[i]} to {@code offsets[i + 1]}. Not a copy. */
    public int[] offsets() {
        return offsets;
    }
}
