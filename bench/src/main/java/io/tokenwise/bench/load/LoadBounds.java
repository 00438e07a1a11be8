package io.tokenwise.bench.load;

import java.util.ArrayList;
import java.util.List;

/** What the issue asked for, written down before anything was measured, and whether a run holds it. */
final class LoadBounds {
    private static final String OVERLOAD = Load.poisson(1.3, 1).name();
    private static final String TWICE = Load.poisson(2, 1).name();
    private static final double LEAST_WITHIN = 0.99;
    private static final double LEAST_COSINE = 0.96;
    private static final double LEAST_GOODPUT = 1.2;
    private static final double MOST_SETTLING_SECONDS = 1;

    private LoadBounds() {}

    /** A bound, what was measured, and whether it holds. */
    record Bound(String what, double measured, boolean holds) {
        String line() {
            return "%-72s %8.4f  %s".formatted(what, measured, holds ? "holds" : "MISSED");
        }
    }

    /** The bounds on what serve does, of the loads that were run. */
    static List<Bound> of(LoadResults results) {
        var bounds = new ArrayList<Bound>();
        String both = Controller.BOTH.label();
        if (!results.of(OVERLOAD, both).isEmpty()) {
            atLeast(
                    bounds,
                    "1.3 x: share within the target, at least",
                    results.median(OVERLOAD, both, LoadRow::within),
                    LEAST_WITHIN);
            atMost(bounds, "1.3 x: share that is shed, at most", results.median(OVERLOAD, both, LoadRow::shed), 0);
            atLeast(
                    bounds,
                    "1.3 x: mean cosine, at least",
                    results.median(OVERLOAD, both, LoadRow::cosine),
                    LEAST_COSINE);
        }
        if (!results.of(TWICE, both).isEmpty()
                && !results.of(TWICE, Controller.SHEDDING.label()).isEmpty()) {
            double goodput = results.median(TWICE, both, LoadRow::goodput)
                    / results.median(TWICE, Controller.SHEDDING.label(), LoadRow::goodput);
            atLeast(bounds, "2 x: goodput beside shedding only, at least", goodput, LEAST_GOODPUT);
        }
        for (String load : results.loads()) {
            if (load.startsWith("step") && !results.of(load, both).isEmpty()) {
                atMost(
                        bounds,
                        load + ": settles within, seconds",
                        results.median(load, both, LoadRow::settledSeconds),
                        MOST_SETTLING_SECONDS);
            }
        }
        int pinnedWrong = results.rows().stream().mapToInt(LoadRow::pinnedWrong).sum();
        atMost(bounds, "pinned vectors with other bits than the library's", pinnedWrong, 0);
        return bounds;
    }

    private static void atLeast(List<Bound> bounds, String what, double measured, double least) {
        bounds.add(new Bound(what + " " + least, measured, measured >= least));
    }

    private static void atMost(List<Bound> bounds, String what, double measured, double most) {
        bounds.add(new Bound(what + (most == 0 ? "" : " " + most), measured, measured <= most));
    }
}
