package io.tokenwise.bench.load;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * A whole run.
 *
 * @param cpu the machine's
 * @param model that was served, with its precision
 * @param targetMillis within which 99 % are to be answered
 * @param capacityPerSecond requests that the server answers at full budget when there are always some waiting
 * @param rows one for each load, controller and seed
 */
record LoadResults(
        String cpu, String jdk, String model, double targetMillis, double capacityPerSecond, List<LoadRow> rows) {
    List<String> loads() {
        return rows.stream().map(LoadRow::load).distinct().toList();
    }

    List<String> controllers() {
        return rows.stream().map(LoadRow::controller).distinct().toList();
    }

    List<LoadRow> of(String load, String controller) {
        return rows.stream()
                .filter(row -> row.load().equals(load) && row.controller().equals(controller))
                .toList();
    }

    /** The median over the seeds; NaN if there is no such row. */
    double median(String load, String controller, ToDoubleFunction<LoadRow> value) {
        double[] values =
                of(load, controller).stream().mapToDouble(value).sorted().toArray();
        return LoadRow.quantile(values, 0.5);
    }

    /** A table for people: medians over the seeds. */
    String table() {
        var table =
                new StringBuilder("%s, JDK %s; %s, one core; %.0f requests a second at full budget; target %.0f ms%n"
                        .formatted(cpu, jdk, model, capacityPerSecond, targetMillis));
        table.append(String.format(
                "%-22s %-18s %8s %7s %7s %9s %8s %8s %9s %8s %7s %8s%n",
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
                "spent",
                "settled"));
        for (String load : loads()) {
            for (String controller : controllers()) {
                if (!of(load, controller).isEmpty()) {
                    table.append(line(load, controller));
                }
            }
        }
        return table.toString();
    }

    private String line(String load, String controller) {
        return String.format(
                Locale.ROOT,
                "%-22s %-18s %7.2f%% %6.1f%% %6.1f%% %9.1f %8.2f %8.1f %9.1f %8.4f %7.3f %7.2fs%n",
                load,
                controller,
                100 * median(load, controller, LoadRow::within),
                100 * median(load, controller, LoadRow::shed),
                100 * median(load, controller, LoadRow::failed),
                median(load, controller, LoadRow::goodput),
                median(load, controller, LoadRow::p50Millis),
                median(load, controller, LoadRow::p99Millis),
                median(load, controller, LoadRow::p999Millis),
                median(load, controller, LoadRow::cosine),
                median(load, controller, LoadRow::spent),
                median(load, controller, LoadRow::settledSeconds));
    }
}
