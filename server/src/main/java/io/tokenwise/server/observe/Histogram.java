package io.tokenwise.server.observe;

import java.util.Arrays;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;

/** How many values fell into each of some buckets. Thread-safe. */
public final class Histogram {
    private final double[] bounds;
    private final LongAdder[] counts;
    private final DoubleAdder sum = new DoubleAdder();

    /** @param bounds largest value of each bucket, ascending; larger ones have a bucket of their own */
    Histogram(double... bounds) {
        this.bounds = bounds.clone();
        counts = new LongAdder[bounds.length + 1];
        Arrays.setAll(counts, bucket -> new LongAdder());
    }

    /** Bounds of which each is {@code factor} times the one before. */
    static double[] geometric(double first, double factor, int count) {
        var bounds = new double[count];
        double bound = first;
        for (int i = 0; i < count; i++) {
            bounds[i] = bound;
            bound *= factor;
        }
        return bounds;
    }

    /** Bounds of equal distance, the last one given. */
    static double[] even(int count, double last) {
        var bounds = new double[count];
        Arrays.setAll(bounds, i -> last * (i + 1) / count);
        return bounds;
    }

    /** Counts a value; what is no number is left out. */
    public void add(double value) {
        if (Double.isNaN(value)) {
            return;
        }
        int at = Arrays.binarySearch(bounds, value);
        counts[at < 0 ? -at - 1 : at].increment();
        sum.add(value);
    }

    /** For each bucket, the one without a bound last. */
    long[] counts() {
        return Arrays.stream(counts).mapToLong(LongAdder::sum).toArray();
    }

    double bound(int bucket) {
        return bucket < bounds.length ? bounds[bucket] : Double.POSITIVE_INFINITY;
    }

    double sum() {
        return sum.sum();
    }
}
