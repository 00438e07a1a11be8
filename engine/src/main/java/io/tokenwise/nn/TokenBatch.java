package io.tokenwise.nn;

import java.util.Arrays;

/**
 * Several inputs one after the other, and at which rows the tokens start that a model makes of each: ragged, never padded. A text's input is its
 * token ids, an image's its pixels, a recording's its samples. It can be filled again and again; once large enough it allocates nothing. Not thread-safe.
 */
public final class TokenBatch {
    private static final int[] NO_INPUT = new int[0];

    private int[] inputs = new int[256];
    private int length;
    private int[] inputOffsets = new int[16];
    private int[] offsets = new int[16];
    private int sequences;

    /** See {@link #rowsKept}; null while all inputs are whole. */
    private int[] rowsKept;

    /** Tokens that the model makes of all inputs, kept or not. */
    private int rowsMade;

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
        rowsKept = null;
        rowsMade = 0;
    }

    /** Appends a sequence of token ids; an empty one is an error, since it has no vector. */
    public void add(int[] tokenIds) {
        add(tokenIds, tokenIds.length);
    }

    /** Appends an input of which the model makes so many tokens, at least one. */
    public void add(int[] input, int tokens) {
        if (rowsKept != null) {
            throw new IllegalArgumentException("a whole input in a batch of parts");
        }
        append(input, tokens);
    }

    private void append(int[] input, int tokens) {
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

    /**
     * Appends an input of which the model goes on with a part of the tokens, as images are trained on. A batch has either such inputs or whole ones.
     *
     * @param places of the tokens that are kept among all that the model makes, ascending
     * @param tokens that the model makes
     */
    public void addPart(int[] input, int[] places, int tokens) {
        if (sequences > 0 && rowsKept == null) {
            throw new IllegalArgumentException("a part of an input in a batch of whole ones");
        }
        for (int i = 0; i < places.length; i++) {
            if (places[i] >= tokens || places[i] <= (i == 0 ? -1 : places[i - 1])) {
                throw new IllegalArgumentException("the places of the tokens that are kept, " + Arrays.toString(places)
                        + ", must ascend and be among " + tokens);
            }
        }
        int before = tokens();
        append(input, places.length);
        rowsKept = rowsKept == null ? new int[places.length] : Arrays.copyOf(rowsKept, tokens());
        for (int i = 0; i < places.length; i++) {
            rowsKept[before + i] = rowsMade + places[i];
        }
        rowsMade += tokens;
    }

    /** Appends a sequence of so many tokens that has no input of its own, as when tokens of another batch go on without the others. */
    public void addRows(int tokens) {
        append(NO_INPUT, tokens);
    }

    /** The row of each token of the batch among those that the model makes of all inputs; null if it goes on with all. */
    public int[] rowsKept() {
        return rowsKept;
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
