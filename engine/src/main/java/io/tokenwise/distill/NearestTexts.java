package io.tokenwise.distill;

import io.tokenwise.Embedding;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Texts and which of them are nearest to each other by the dense model's vectors: what a search looks at. A plan is judged by how it scatters these cosines. What it changes
 * alike for all of a text's neighbours changes no order, and a text's own cosine to its dense vector cannot tell that apart (docs/lab/leaving.md).
 */
final class NearestTexts {
    /** Fewer cannot show a scatter. */
    private static final int LEAST_TEXTS = 4;

    private static final int NEAREST = 10;

    private final float[][] dense;
    private final int[][] nearest;

    /** @param dense the dense model's vectors of the texts */
    NearestTexts(float[][] dense) {
        this.dense = dense;
        nearest = IntStream.range(0, dense.length).mapToObj(this::nearestOf).toArray(int[][]::new);
    }

    private int[] nearestOf(int text) {
        double[] cosines = new double[dense.length];
        for (int other = 0; other < dense.length; other++) {
            cosines[other] = Embedding.cosine(dense[text], dense[other]);
        }
        return IntStream.range(0, dense.length)
                .filter(other -> other != text)
                .boxed()
                .sorted(Comparator.comparingDouble(other -> -cosines[other]))
                .limit(NEAREST)
                .mapToInt(Integer::intValue)
                .toArray();
    }

    /**
     * The standard deviation, over each text's nearest, of what the cosines to them are off: of the texts' vectors to the dense ones and to each other, both alike. Of very few
     * texts it is their vectors' mean cosine distance to the dense ones.
     *
     * @param found vectors of the same texts
     */
    double scatter(float[][] found) {
        double sum = 0;
        for (int text = 0; text < found.length; text++) {
            if (found.length < LEAST_TEXTS) {
                sum += 1 - Embedding.cosine(found[text], dense[text]);
            } else {
                sum += (variance(text, found[text], dense) + variance(text, found[text], found)) / 2;
            }
        }
        double mean = sum / found.length;
        return found.length < LEAST_TEXTS ? mean : Math.sqrt(mean);
    }

    private double variance(int text, float[] found, float[][] others) {
        double sum = 0;
        double squares = 0;
        for (int other : nearest[text]) {
            double off = Embedding.cosine(found, others[other]) - Embedding.cosine(dense[text], dense[other]);
            sum += off;
            squares += off * off;
        }
        double mean = sum / nearest[text].length;
        return Math.max(0, squares / nearest[text].length - mean * mean);
    }
}
