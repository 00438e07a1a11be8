package io.tokenwise.op;

import io.tokenwise.tensor.HostTensor;

/** Logarithms of sums of what is there as logarithms, without leaving the range of numbers in between. */
public final class LogSums {
    private LogSums() {}

    /** {@code log sum_c exp(logits[c])}: what logits must be lowered by to be logarithms of probabilities. */
    static double of(float[] logits) {
        double largest = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            largest = Math.max(largest, logit);
        }
        double total = 0;
        for (float logit : logits) {
            total += Math.exp(logit - largest);
        }
        return Math.log(total) + largest;
    }

    /** The same of a row. */
    public static double of(HostTensor logits, int row) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int column = 0; column < logits.columns(); column++) {
            largest = Math.max(largest, logits.get(row, column));
        }
        double total = 0;
        for (int column = 0; column < logits.columns(); column++) {
            total += Math.exp(logits.get(row, column) - largest);
        }
        return Math.log(total) + largest;
    }

    /** {@code log(exp(a) + exp(b))}; minus infinity is the logarithm of nothing. */
    public static double of(double a, double b) {
        double largest = Math.max(a, b);
        return largest == Double.NEGATIVE_INFINITY ? largest : largest + Math.log1p(Math.exp(Math.min(a, b) - largest));
    }
}
