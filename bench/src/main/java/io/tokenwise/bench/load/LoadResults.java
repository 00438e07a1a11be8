package io.tokenwise.bench.load;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * A whole run.
 *
 * @param cpu the machine's
 * @param model that was served, with its precision
 * @param targetMillis within which 99 % are to be answered
 * @param capacityPerSecond requests that a server answers at full budget when there are always some waiting
 * @param rows one for each load, controller and seed
 */
record LoadResults(
        String cpu, String jdk, String model, double targetMillis, double capacityPerSecond, List<LoadRow> rows) {
    LoadResults with(List<LoadRow> more) {
        var all = new ArrayList<>(rows);
        all.addAll(more);
        return new LoadResults(cpu, jdk, model, targetMillis, capacityPerSecond, all);
    }

    List<String> loads() {
        return rows.stream().map(LoadRow::load).distinct().toList();
    }

    List<String> controllers() {
        return rows.stream().map(LoadRow::controller).distinct().toList();
    }

    /** A row for each seed. */
    List<LoadRow> of(String load, String controller) {
        return rows.stream()
                .filter(row -> row.load().equals(load) && row.controller().equals(controller))
                .toList();
    }

    private static double median(List<LoadRow> rows, ToDoubleFunction<LoadRow> value) {
        return LoadRow.quantile(rows.stream().mapToDouble(value).sorted().toArray(), 0.5);
    }

    /** A table for people: medians over the seeds. */
    String table() {
        return heading() + loads().stream().map(this::lines).collect(Collectors.joining()) + generator();
    }

    /** Whether the generator kept up: a line. */
    String generator() {
        return String.format(
                Locale.ROOT,
                "generator: in each run 99 %% of the requests were sent at most %.2f ms late%n",
                rows.stream().mapToDouble(LoadRow::p99DelayMillis).max().orElse(Double.NaN));
    }

    String heading() {
        return String.format(
                        Locale.ROOT,
                        "%s, JDK %s; %s, one core; %.0f requests a second at full budget; target %.0f ms%n",
                        cpu,
                        jdk,
                        model,
                        capacityPerSecond,
                        targetMillis)
                + String.format(
                        "%-22s %-18s %8s %7s %7s %9s %8s %8s %9s %8s %8s %7s %8s  %s%n",
                        "load",
                        "controller",
                        "in time",
                        "shed",
                        "failed",
                        "good/s",
                        "p50 ms",
                        "p99 ms",
                        "p99.9 ms",
                        "cosine",
                        "95% have",
                        "spent",
                        "settled",
                        "not answered, all seeds");
    }

    /** The table's lines of a load. */
    String lines(String load) {
        return controllers().stream()
                .map(controller -> of(load, controller))
                .filter(seeds -> !seeds.isEmpty())
                .map(LoadResults::line)
                .collect(Collectors.joining());
    }

    private static String line(List<LoadRow> seeds) {
        double settled = median(seeds, LoadRow::settledSeconds);
        return String.format(
                Locale.ROOT,
                "%-22s %-18s %7.2f%% %6.1f%% %6.1f%% %9.1f %8.2f %8.1f %9.1f %8.4f %8.4f %7.3f %8s  %s%n",
                seeds.getFirst().load(),
                seeds.getFirst().controller(),
                100 * median(seeds, LoadRow::within),
                100 * median(seeds, LoadRow::shed),
                100 * median(seeds, LoadRow::failed),
                median(seeds, LoadRow::goodput),
                median(seeds, LoadRow::p50Millis),
                median(seeds, LoadRow::p99Millis),
                median(seeds, LoadRow::p999Millis),
                median(seeds, LoadRow::cosine),
                median(seeds, LoadRow::p5Cosine),
                median(seeds, LoadRow::spent),
                Double.isNaN(settled) ? "-" : String.format(Locale.ROOT, "%.2fs", settled),
                unanswered(seeds));
    }

    private static String unanswered(List<LoadRow> seeds) {
        var counts = new TreeMap<String, Integer>();
        seeds.forEach(row -> row.unanswered().forEach((kind, count) -> counts.merge(kind, count, Integer::sum)));
        return text(counts);
    }

    /** Counts by kind, in a line. */
    static String text(Map<String, Integer> counts) {
        return counts.isEmpty()
                ? "-"
                : counts.entrySet().stream()
                        .map(kind -> kind.getKey() + ": " + kind.getValue())
                        .collect(Collectors.joining(", "));
    }
}
