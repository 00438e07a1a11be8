package io.tokenwise.bench.soak;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a soak has seen.
 *
 * @param before before anything was opened
 * @param readings while it ran
 * @param after when all was closed
 * @param mappedMiB of weights that only resident memory tells of, at least
 * @param answers of each group of doors
 * @param counts of what may happen, by kind
 * @param failures what may not
 * @param left threads and descriptors that nobody has given back
 * @param stops how often the process stood still, which does not count as time
 * @param settledMinute from which on memory must stay
 */
record SoakReport(
        Soak.Plan plan,
        Reading before,
        List<Reading> readings,
        Reading after,
        double mappedMiB,
        Map<String, Long> answers,
        Map<String, Long> counts,
        List<String> failures,
        List<String> left,
        int stops,
        double stoppedSeconds,
        double settledMinute) {
    static final String HEADER = "%8s %9s %7s %9s %9s %11s %9s %8s %12s  %s"
            .formatted(
                    "minute",
                    "calls",
                    "opened",
                    "RSS MiB",
                    "heap MiB",
                    "workspaces",
                    "native MiB",
                    "threads",
                    "descriptors",
                    "that may happen");

    static String line(Reading reading, Map<String, Long> counts) {
        return String.format(
                Locale.ROOT,
                "%8.1f %9d %7d %9.1f %9.1f %11.1f %9.1f %8d %12d  %s",
                reading.minute(),
                reading.calls(),
                reading.opened(),
                reading.residentMiB(),
                reading.heapMiB(),
                reading.workspaceMiB(),
                reading.nativeMiB(),
                reading.threads(),
                reading.descriptors(),
                counts);
    }

    /** From the first one that is not before the minute at which all has its size. */
    private List<Reading> settled() {
        List<Reading> settled = readings.stream()
                .filter(reading -> reading.minute() >= settledMinute - 1e-3)
                .toList();
        return settled.isEmpty() ? readings.subList(readings.size() - 1, readings.size()) : settled;
    }

    List<Slopes> slopes() {
        return Slopes.of(settled());
    }

    List<Soak.Verdict> verdicts() {
        double growth = slopes().getFirst().growth();
        double more = after.nativeMiB() - before.nativeMiB();
        var verdicts = new ArrayList<Soak.Verdict>();
        verdicts.add(new Soak.Verdict(
                "%d calls were answered, of callers by %s".formatted(after.calls(), answers),
                answers.values().stream().allMatch(count -> count > 0)));
        verdicts.add(new Soak.Verdict(
                "failures: " + (failures.isEmpty() ? "none, and every answer had the same bits" : failures),
                failures.isEmpty()));
        verdicts.add(new Soak.Verdict(
                String.format(
                        Locale.ROOT,
                        "resident memory after minute %.1f: %.1f MiB more at most, %.1f allowed",
                        settledMinute,
                        growth,
                        plan.mostGrowthMiB()),
                growth <= plan.mostGrowthMiB()));
        verdicts.add(
                new Soak.Verdict("left when all was closed: " + (left.isEmpty() ? "nothing" : left), left.isEmpty()));
        double atLast = readings.getLast().residentMiB();
        verdicts.add(new Soak.Verdict(
                String.format(
                        Locale.ROOT,
                        "resident memory when all was closed: %.1f MiB, %.1f just before, of which %.1f at least were weights, %.1f of them may stay",
                        after.residentMiB(),
                        atLast,
                        mappedMiB,
                        plan.mostGrowthMiB()),
                atLast - after.residentMiB() >= mappedMiB - plan.mostGrowthMiB()));
        if (!Double.isNaN(more)) {
            verdicts.add(new Soak.Verdict(
                    String.format(
                            Locale.ROOT,
                            "memory of malloc when all was closed: %.1f MiB more than before, %.1f allowed",
                            more,
                            plan.mostGrowthMiB()),
                    more <= plan.mostGrowthMiB()));
        }
        return verdicts;
    }

    boolean holds() {
        return verdicts().stream().allMatch(Soak.Verdict::holds);
    }

    /** The table of slopes, and what holds. */
    String text() {
        var text = new StringBuilder(String.format(
                Locale.ROOT,
                "%nstopped %d times, %.0f s, which do not count%n%n| | minute %.1f | most | last | a hour |%n|---|---|---|---|---|%n",
                stops,
                stoppedSeconds,
                settled().getFirst().minute()));
        for (Slopes slope : slopes()) {
            text.append(String.format(
                    Locale.ROOT,
                    "| %s | %.1f | %.1f | %.1f | %+.2f |%n",
                    slope.name(),
                    slope.atFirst(),
                    slope.most(),
                    slope.atLast(),
                    slope.perHour()));
        }
        text.append(String.format("%n"));
        for (Soak.Verdict verdict : verdicts()) {
            text.append(verdict.what())
                    .append(verdict.holds() ? ": holds" : ": FAILS")
                    .append(String.format("%n"));
        }
        return text.toString();
    }
}
