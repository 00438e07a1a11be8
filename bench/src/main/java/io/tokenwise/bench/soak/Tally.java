package io.tokenwise.bench.soak;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

/** What has happened: how often each kind of thing that may, and what may not. Thread-safe. */
final class Tally {
    /** Whatever is wrong is known by then. */
    private static final int MOST_FAILURES = 50;

    private final AtomicLong calls = new AtomicLong();
    private final Map<String, Long> counts = new TreeMap<>();
    private final List<String> failures = new ArrayList<>();
    private final PrintWriter out;

    /** @param out is told each failure at once */
    Tally(PrintWriter out) {
        this.out = out;
    }

    void answered() {
        calls.incrementAndGet();
    }

    /** Calls that were answered. */
    long calls() {
        return calls.get();
    }

    synchronized void count(String kind) {
        counts.merge(kind, 1L, Long::sum);
    }

    synchronized Map<String, Long> counts() {
        return new TreeMap<>(counts);
    }

    synchronized void failed(String what, Throwable failure) {
        failures.add(what + ": " + failure);
        if (failures.size() <= MOST_FAILURES) {
            out.println("FAILED: " + what);
            failure.printStackTrace(out);
            out.flush();
        }
    }

    synchronized List<String> failures() {
        return List.copyOf(failures);
    }

    boolean isHopeless() {
        return failures().size() >= MOST_FAILURES;
    }
}
