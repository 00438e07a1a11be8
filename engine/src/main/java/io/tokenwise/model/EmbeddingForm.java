package io.tokenwise.model;

import io.tokenwise.nn.NormForm;
import java.util.Optional;

/**
 * How a text's tokens become vectors, apart from the weights: what tables have for the word, its place and its type, added, then normed.
 *
 * @param vocabulary rows of the table of words
 * @param positions of places; empty if attention alone knows where tokens stand
 * @param types rows of the table of types; 0 if there is none
 * @param scale what a word's vector is multiplied by
 * @param norm of the sum; empty if it is not normed
 */
public record EmbeddingForm(
        int vocabulary, Optional<PositionTable> positions, int types, double scale, Optional<NormForm> norm) {
    // Far above every published model, far below what overflows an int.
    private static final int MOST_ROWS = 1 << 24;
    private static final int MOST_TYPES = 1 << 16;

    /**
     * @param rows of the table
     * @param first row of a text's first token
     */
    public record PositionTable(int rows, int first) {
        /** @throws IllegalArgumentException if no text fits */
        public PositionTable {
            if (first < 0 || rows <= first || rows > MOST_ROWS) {
                throw new IllegalArgumentException("a table of " + rows + " positions, of which " + first
                        + " is the first: must have more, and at most " + MOST_ROWS);
            }
        }

        /** Tokens of the longest text. */
        public int tokens() {
            return rows - first;
        }
    }

    /** @throws IllegalArgumentException if sizes are beyond all measure */
    public EmbeddingForm {
        if (vocabulary < 1 || vocabulary > MOST_ROWS || types < 0 || types > MOST_TYPES) {
            throw new IllegalArgumentException("tables of " + vocabulary + " words and " + types
                    + " types: must be 1 to " + MOST_ROWS + " and 0 to " + MOST_TYPES);
        }
    }

    /**
     * Where a file has the tables, with {@code .weight}, and the norm, without.
     *
     * @param positions null if there are none
     * @param types null if there are none
     * @param norm null if there is none
     */
    public record Names(String words, String positions, String types, String norm) {}
}
