package io.tokenwise.bench.load;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What the issue asked for, written down before anything was measured, and whether a run holds it: in the median of the seeds. */
final class LoadBounds {
    private static final String OVERLOAD = Load.poisson(1.3, 1).name();
    private static final String TWICE = Load.poisson(2, 1).name();
    private static final String STEP = Load.step(1).name();
    private static final double LEAST_WITHIN = 0.99;
    private static final double LEAST_COSINE = 0.96;
    private static final double LEAST_GOODPUT = 1.2;
    private static final double MOST_SETTLING_SECONDS = 1;

    private LoadBounds() {}

    /**
     * A bound, and whether it holds.
     *
     * @param median of the seeds
     * @param worst of them
     */
    record Bound(String what, double median, double worst, boolean holds) {
        String line() {
            return String.format(
                    Locale.ROOT,
                    "%-72s %8.4f  worst seed %8.4f  %s%n",
                    what,
                    median,
                    worst,
                    holds ? "holds" : "MISSED");
        }
    }

    /** A line for each. */
    static String text(LoadResults results) {
        return of(results).stream().map(Bound::line).collect(Collectors.joining());
    }

    /** The bounds on what serve does, of the loads that were run. */
    static List<Bound> of(LoadResults results) {
        var bounds = new ArrayList<Bound>();
        String both = Controller.BOTH.label();
        List<LoadRow> overload = results.of(OVERLOAD, both);
        if (!overload.isEmpty()) {
            bounds.add(atLeast("1.3 x: share within the target", values(overload, LoadRow::within), LEAST_WITHIN));
            bounds.add(atMost("1.3 x: share that is shed", values(overload, LoadRow::shed), 0));
            bounds.add(atLeast("1.3 x: mean cosine", values(overload, LoadRow::cosine), LEAST_COSINE));
        }
        List<LoadRow> twice = results.of(TWICE, both);
        List<LoadRow> shedding = results.of(TWICE, Controller.SHEDDING.label());
        if (!twice.isEmpty() && twice.size() == shedding.size()) {
            double[] ratios = IntStream.range(0, twice.size())
                    .mapToDouble(seed ->
                            twice.get(seed).goodput() / shedding.get(seed).goodput())
                    .sorted()
                    .toArray();
            bounds.add(atLeast("2 x: goodput beside shedding only", ratios, LEAST_GOODPUT));
        }
        List<LoadRow> step = results.of(STEP, both);
        if (!step.isEmpty()) {
            bounds.add(atMost(
                    STEP + ": settles within, seconds", values(step, LoadRow::settledSeconds), MOST_SETTLING_SECONDS));
        }
        int pinned = results.rows().stream().mapToInt(LoadRow::pinned).sum();
        double[] wrong = {results.rows().stream().mapToInt(LoadRow::pinnedWrong).sum()};
        bounds.add(atMost("of %d pinned vectors, with other bits than the library's".formatted(pinned), wrong, 0));
        return bounds;
    }

    private static double[] values(List<LoadRow> rows, ToDoubleFunction<LoadRow> value) {
        return rows.stream().mapToDouble(value).sorted().toArray();
    }

    private static Bound atLeast(String what, double[] sorted, double least) {
        double median = LoadRow.quantile(sorted, 0.5);
        return new Bound(what + ", at least " + least, median, sorted[0], median >= least);
    }

    private static Bound atMost(String what, double[] sorted, double most) {
        double median = LoadRow.quantile(sorted, 0.5);
        return new Bound(what + ", at most " + most, median, sorted[sorted.length - 1], median <= most);
    }
}
