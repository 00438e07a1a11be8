package io.tokenwise.bench;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

/**
 * Efron's bootstrap: how a figure would vary had other queries been drawn, by drawing anew from those that there are, with replacement. Figures over as many queries get
 * the same draws, so that figures of two models can be compared draw by draw (paired), and any sum of them too. Immutable and thread-safe.
 */
record PairedBootstrap(int resamples, long seed) {
    /**
     * A range that holds 95 % of the draws: from the 2.5th percentile to the 97.5th.
     */
    record Interval(double low, double high) {}

    /** The means of each draw. */
    double[] means(double[] each) {
        return figures(each.length, drawn -> {
            double sum = 0;
            for (int i : drawn) {
                sum += each[i];
            }
            return sum / drawn.length;
        });
    }

    /** A figure of each draw, of so many queries. */
    double[] figures(int queries, ToDoubleFunction<int[]> figure) {
        var random = new SplittableRandom(seed);
        var drawn = new int[queries];
        var figures = new double[resamples];
        for (int r = 0; r < resamples; r++) {
            for (int i = 0; i < queries; i++) {
                drawn[i] = random.nextInt(queries);
            }
            figures[r] = figure.applyAsDouble(drawn);
        }
        return figures;
    }

    /** Of what was drawn, such as the differences of two models' means. */
    static Interval interval(double[] figures) {
        double[] sorted = figures.clone();
        Arrays.sort(sorted);
        return new Interval(percentile(sorted, 0.025), percentile(sorted, 0.975));
    }

    /** By nearest rank. */
    private static double percentile(double[] sorted, double share) {
        return sorted[(int) Math.max(0, Math.ceil(share * sorted.length) - 1)];
    }

    static double standardError(double[] figures) {
        double mean = Arrays.stream(figures).average().orElseThrow();
        double squares =
                Arrays.stream(figures).map(f -> (f - mean) * (f - mean)).sum();
        return Math.sqrt(squares / (figures.length - 1));
    }
}
