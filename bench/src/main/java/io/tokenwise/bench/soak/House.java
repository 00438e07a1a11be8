package io.tokenwise.bench.soak;

import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.LongSupplier;

/**
 * What is soaked.
 *
 * @param groups of doors by name: each is called as often as any other
 * @param openings by name: each is done again and again by a thread of its own, but not while memory is read, of which it takes much for a moment
 * @param disturbers likewise, at any time; they are interrupted in the end
 * @param workspaceBytes native memory of calls
 * @param end closes all
 */
record House(
        Map<String, List<Door>> groups,
        Map<String, Disturber> openings,
        Map<String, Disturber> disturbers,
        LongSupplier workspaceBytes,
        AutoCloseable end) {
    List<Door> doors() {
        return groups.values().stream().flatMap(List::stream).toList();
    }

    /** Does something bad once. */
    @FunctionalInterface
    interface Disturber {
        void disturb(Random random) throws Exception;
    }

    /** Opens all, where nothing is open yet. */
    @FunctionalInterface
    interface Builder {
        House open(Calling calling, Tally tally) throws Exception;
    }
}
