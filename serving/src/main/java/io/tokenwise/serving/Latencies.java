package io.tokenwise.serving;

import java.util.Arrays;

/** Latencies, or other positive numbers, of the last seconds, to 4 %. Not thread-safe. */
final class Latencies {
    private static final long SLOT_NANOS = 250_000_000;
    private static final int PER_OCTAVE = 16;
    private static final int BUCKETS = 34 * PER_OCTAVE;

    private final int[][] counts;

    /** Which quarter of a second a slot is of. */
    private final long[] quarters;

    /** @param slots how many quarters of a second back it looks, the one that runs included */
    Latencies(int slots) {
        counts = new int[slots][BUCKETS];
        quarters = new long[slots];
        Arrays.fill(quarters, Long.MIN_VALUE);
    }

    void add(long nowNanos, long micros) {
        int[] slot = counts[slot(nowNanos)];
        slot[bucket(micros)]++;
    }

    /** The latency that this share of the answers did not pass, in microseconds; 0 if there were none. */
    double quantile(long nowNanos, double share) {
        forgetOld(nowNanos);
        var sums = new int[BUCKETS];
        long all = 0;
        for (int[] slot : counts) {
            for (int i = 0; i < BUCKETS; i++) {
                sums[i] += slot[i];
                all += slot[i];
            }
        }
        long rank = (long) Math.ceil(share * all);
        for (int i = 0; i < BUCKETS && all > 0; i++) {
            rank -= sums[i];
            if (rank <= 0) {
                return Math.pow(2, (i + 0.5) / PER_OCTAVE);
            }
        }
        return 0;
    }

    private int slot(long nowNanos) {
        forgetOld(nowNanos);
        return (int) Math.floorMod(Math.floorDiv(nowNanos, SLOT_NANOS), (long) quarters.length);
    }

    private void forgetOld(long nowNanos) {
        long newest = Math.floorDiv(nowNanos, SLOT_NANOS);
        for (long quarter = newest - quarters.length + 1; quarter <= newest; quarter++) {
            int slot = (int) Math.floorMod(quarter, (long) quarters.length);
            if (quarters[slot] != quarter) {
                quarters[slot] = quarter;
                Arrays.fill(counts[slot], 0);
            }
        }
    }

    private static int bucket(long micros) {
        double octaves = Math.log(Math.max(1, micros)) / Math.log(2);
        return Math.min(BUCKETS - 1, (int) (PER_OCTAVE * octaves));
    }
}
