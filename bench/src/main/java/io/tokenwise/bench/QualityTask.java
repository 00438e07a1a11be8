package io.tokenwise.bench;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;

/** Something that vectors are good for, with the figures that say how good. */
interface QualityTask {
    /** One line for people. */
    String what();

    /** Judges a candidate. */
    Map<Metric, Score> judge(Embedder embedder) throws InterruptedException;

    /**
     * Adds the mean cosine to the dense model's vectors, which may be those of the first texts only; it is left out for models of another hidden size, whose
     * vectors have no cosine to them.
     */
    static Map<Metric, Score> with(Map<Metric, Score> scores, Metric cosine, float[][] dense, float[][] vectors) {
        var all = new EnumMap<>(scores);
        if (vectors[0].length == dense[0].length) {
            all.put(cosine, Score.mean(Quality.cosines(dense, vectors)));
        }
        return all;
    }

    /**
     * A figure.
     *
     * @param standardError of it, over the queries or texts
     * @param each its parts, of which it is the mean; empty if it is no mean
     */
    record Score(double value, double standardError, double[] each) {
        static Score mean(double[] each) {
            double mean = Arrays.stream(each).average().orElseThrow();
            double squares = Arrays.stream(each)
                    .map(part -> (part - mean) * (part - mean))
                    .sum();
            return new Score(mean, Math.sqrt(squares / Math.max(1, each.length - 1) / each.length), each);
        }
    }
}
