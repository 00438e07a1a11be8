package io.tokenwise.testdata;

import java.util.Arrays;
import java.util.Comparator;

/**
 * Spearman's rank correlation, by which models are compared on pairs with people's scores: Pearson's correlation of the ranks, where
 * equal values share their mean rank.
 */
public final class Spearman {
    private Spearman() {}

    /**
     * The correlation of two lists of the same length, from -1 to 1; NaN when one of them has the same value everywhere.
     *
     * @throws IllegalArgumentException when the lengths differ, there are fewer than two values, or a value is NaN
     */
    public static double correlation(double[] a, double[] b) {
        if (a.length != b.length) {
            throw new IllegalArgumentException("spearman: lengths differ: " + a.length + " and " + b.length);
        }
        if (a.length < 2) {
            throw new IllegalArgumentException("spearman: needs 2 or more pairs, got " + a.length);
        }
        return pearson(ranks(a), ranks(b));
    }

    private static double[] ranks(double[] values) {
        Integer[] order = new Integer[values.length];
        for (int i = 0; i < order.length; i++) {
            if (Double.isNaN(values[i])) {
                throw new IllegalArgumentException("spearman: value " + i + " is NaN");
            }
            order[i] = i;
        }
        Arrays.sort(order, Comparator.comparingDouble(i -> values[i]));
        double[] ranks = new double[values.length];
        for (int first = 0, end; first < order.length; first = end) {
            end = first + 1;
            while (end < order.length && values[order[end]] == values[order[first]]) {
                end++;
            }
            double mean = (first + end - 1) / 2.0;
            for (int i = first; i < end; i++) {
                ranks[order[i]] = mean;
            }
        }
        return ranks;
    }

    private static double pearson(double[] a, double[] b) {
        double meanA = Arrays.stream(a).average().orElseThrow();
        double meanB = Arrays.stream(b).average().orElseThrow();
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int i = 0; i < a.length; i++) {
            double da = a[i] - meanA;
            double db = b[i] - meanB;
            ab += da * db;
            aa += da * da;
            bb += db * db;
        }
        return ab / Math.sqrt(aa * bb);
    }
}
