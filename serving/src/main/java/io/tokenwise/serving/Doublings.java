package io.tokenwise.serving;

import java.util.Arrays;
import java.util.List;

/** How many values were at most 1, 2, 4 and so on, each counted once, and how many larger than all of these. Not thread-safe. */
final class Doublings {
    private final long[] counts;

    /** @param bounds 1, 2, 4 and so on: so many */
    Doublings(int bounds) {
        counts = new long[bounds + 1];
    }

    /** @param value at least 1 */
    void add(long value) {
        int bucket = Long.SIZE - Long.numberOfLeadingZeros(value - 1);
        counts[Math.min(bucket, counts.length - 1)]++;
    }

    List<Long> counts() {
        return Arrays.stream(counts).boxed().toList();
    }
}
