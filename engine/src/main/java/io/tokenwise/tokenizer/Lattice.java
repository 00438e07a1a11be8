package io.tokenwise.tokenizer;

import java.util.Arrays;

/** What {@link Unigram} works on: for each place in a word the best way there. */
final class Lattice {
    double[] scores = new double[64];

    /** Where the last piece of the best way begins; -1 if there is no way. */
    int[] froms = new int[64];

    int[] pieces = new int[64];

    void begin(int length) {
        if (froms.length <= length) {
            int size = Math.max(length + 1, 2 * froms.length);
            scores = new double[size];
            froms = new int[size];
            pieces = new int[size];
        }
        Arrays.fill(froms, 0, length + 1, -1);
        scores[0] = 0;
    }
}
