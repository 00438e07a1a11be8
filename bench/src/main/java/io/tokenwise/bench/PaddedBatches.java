package io.tokenwise.bench;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * How a list of texts goes through a model that wants rectangles: in batches padded to their longest text.
 *
 * @param size texts of a batch at most
 * @param sorted whether texts are first ordered by length, so that little is padded, or taken as they come
 */
record PaddedBatches(int size, boolean sorted) {
    /** As users do who care about speed: small batches, which stay in the caches, of texts of like length. */
    static final PaddedBatches BY_LENGTH = new PaddedBatches(8, true);

    /** As users do who hand their list over as it is. */
    static final PaddedBatches ARRIVAL = new PaddedBatches(32, false);

    /** A model over one rectangle. */
    interface Model {
        /**
         * @param texts of which those numbered {@code order[from..to)} make the batch
         * @param length of the longest of them
         * @param vectors receive the results at the texts' own numbers
         */
        void run(List<int[]> texts, int[] order, int from, int to, int length, float[][] vectors);
    }

    float[][] encode(List<int[]> texts, Model model) {
        var vectors = new float[texts.size()][];
        int[] order = order(texts);
        for (int from = 0; from < order.length; from += size) {
            int to = Math.min(order.length, from + size);
            int length = 0;
            for (int i = from; i < to; i++) {
                length = Math.max(length, texts.get(order[i]).length);
            }
            model.run(texts, order, from, to, length, vectors);
        }
        return vectors;
    }

    private int[] order(List<int[]> texts) {
        var order = new Integer[texts.size()];
        Arrays.setAll(order, i -> i);
        if (sorted) {
            Arrays.sort(order, Comparator.comparingInt(i -> texts.get(i).length));
        }
        return Arrays.stream(order).mapToInt(Integer::intValue).toArray();
    }
}
