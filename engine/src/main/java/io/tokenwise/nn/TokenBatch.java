package io.tokenwise.nn;

import io.tokenwise.backend.Staying;
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

    /** Of which another batch's rows these are some; null if of none. */
    private Staying staying;

    /** The places of rows that were added one by one. */
    private int[] places = new int[0];

    /** Whether they are those of all rows. */
    private boolean placed;

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
        staying = null;
        placed = false;
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

    /** Appends a sequence of so many tokens that has no input of its own, as when tokens of another batch go on without the others: which, {@code rows} says. */
    public void addStaying(int tokens, Staying rows) {
        append(NO_INPUT, tokens);
        staying = rows;
    }

    /** Appends a sequence that has no input of its own, of one token. */
    public void addOne() {
        append(NO_INPUT, 1);
    }

    /**
     * Appends a sequence that has no input of its own, of some rows of a sequence of another batch.
     *
     * @param rows of the other batch, ascending; those from {@code from} to {@code to} count
     * @param first the other sequence's first row
     */
    public void addRows(int[] rows, int from, int to, int first) {
        int before = tokens();
        append(NO_INPUT, to - from);
        if (places.length < tokens()) {
            places = Arrays.copyOf(places, Math.max(tokens(), 2 * places.length));
        }
        for (int i = from; i < to; i++) {
            places[before + i - from] = rows[i] - first;
        }
        placed = true;
    }

    /** The place of each row among all tokens of its sequence, ascending, if some have left; null if each row's place is its number in the sequence. Not a copy. */
    public int[] places() {
        if (staying != null && staying.count() < staying.rows()) {
            return staying.places();
        }
        return placed ? places : null;
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
