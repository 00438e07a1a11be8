package io.tokenwise.bench;

import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a run gave. Its JSON shape is kept stable: fields may be added, none is renamed or removed.
 *
 * @param cpu name of the processor
 * @param jdk version of the Java runtime
 * @param notes what was compared and how, a sentence each
 * @param memory one entry a contender; empty if it was not measured
 */
record Results(String cpu, String jdk, List<String> notes, List<Row> rows, List<PeakMemory> memory) {
    private static final double MEBI = 1 << 20;

    /**
     * One contender in one scenario.
     *
     * @param label the contender's name for people
     * @param cosine to the dense float32 model's vectors, the lowest of the scenario's texts
     * @param calls how many were timed
     * @param heapBytesPerCall what the calling thread allocated on the Java heap
     * @param name the contender's short name
     * @param callers threads that called at the same time
     * @param spearman on STS-B's development set; null if that was not measured
     * @param meanCosine to the dense float32 model's vectors of held-out text; null if that was not measured
     * @param lowestCosine of the same
     * @param spent the share of the replaced layers' FLOPs that was spent on the scenario's texts
     */
    record Row(
            String scenario,
            String engine,
            String model,
            double budget,
            String backend,
            String precision,
            int threads,
            double p50Micros,
            double p95Micros,
            double p99Micros,
            double tokensPerSecond,
            String label,
            double cosine,
            int calls,
            long heapBytesPerCall,
            String name,
            int callers,
            double cpuSecondsPerThousandTexts,
            Double spearman,
            Double meanCosine,
            Double lowestCosine,
            double spent) {
        /** @param quality null if it was not measured */
        static Row of(Scenario scenario, int threads, Race.Timing timing, Quality quality) {
            Contender contender = timing.contender();
            return new Row(
                    scenario.name(),
                    contender.engine(),
                    contender.model(),
                    contender.budget(),
                    contender.backend(),
                    contender.precision(),
                    threads,
                    timing.micros(0.5),
                    timing.micros(0.95),
                    timing.micros(0.99),
                    timing.tokensPerSecond(),
                    contender.label(),
                    timing.cosine(),
                    timing.nanos().length,
                    timing.heapBytes(),
                    contender.name(),
                    scenario.callers(),
                    timing.cpuSecondsPerThousandTexts(),
                    quality == null ? null : quality.spearman(),
                    quality == null ? null : quality.meanCosine(),
                    quality == null ? null : quality.lowestCosine(),
                    contender.spent().applyAsDouble(scenario));
        }
    }

    String asJson() {
        return new JsonMapper().writeValueAsString(this);
    }

    static Results fromJson(String json) {
        return new JsonMapper().readValue(json, Results.class);
    }

    /** A table for each scenario and number of threads. */
    String asTable() {
        var text = new StringBuilder();
        text.append(line("%s, JDK %s", cpu, jdk));
        notes.forEach(note -> text.append(line("- %s", note)));
        for (int threads : rows.stream().map(Row::threads).distinct().toList()) {
            for (String scenario : rows.stream().map(Row::scenario).distinct().toList()) {
                List<Row> group = rows.stream()
                        .filter(row -> row.scenario().equals(scenario) && row.threads() == threads)
                        .toList();
                text.append(line(
                        "%n%-30s %6s %6s %9s %9s %9s %8s %8s %6s %6s %7s %6s %6s %6s %6s %8s",
                        scenario + ", " + threads + (threads == 1 ? " thread" : " threads"),
                        "budget",
                        "spent",
                        "p50 us",
                        "p95 us",
                        "p99 us",
                        "tokens/s",
                        "CPU s/1k",
                        "x f32",
                        "x int8",
                        "x dense",
                        "cosine",
                        "mean c",
                        "low c",
                        "STS-B",
                        "heap B"));
                group.forEach(row -> text.append(line(row, group)));
            }
        }
        if (!memory.isEmpty()) {
            text.append(line("%n%-30s %8s %12s %12s", "peak memory, MiB", "threads", "after load", "at the end"));
            memory.forEach(peak -> text.append(line(
                    "%-30s %8d %12.0f %12.0f",
                    peak.label(), peak.threads(), peak.loadedBytes() / MEBI, peak.peakBytes() / MEBI)));
        }
        return text.toString();
    }

    private static String line(Row row, List<Row> group) {
        return line(
                "%-30s %6s %6s %9.0f %9.0f %9.0f %8.0f %8.2f %6s %6s %7s %6.4f %6s %6s %6s %8d",
                row.label(),
                row.model().equals("acm") ? String.format(Locale.ROOT, "%.2f", row.budget()) : "",
                row.model().equals("acm") ? String.format(Locale.ROOT, "%.3f", row.spent()) : "",
                row.p50Micros(),
                row.p95Micros(),
                row.p99Micros(),
                row.tokensPerSecond(),
                row.cpuSecondsPerThousandTexts(),
                times(row, group, other -> other.name().equals("onnxruntime-f32")),
                times(row, group, other -> other.name().equals("onnxruntime-int8")),
                times(row, group, other -> isOwnDense(other, row)),
                row.cosine(),
                optional("%.4f", row.meanCosine()),
                optional("%.4f", row.lowestCosine()),
                optional("%.4f", row.spearman()),
                row.heapBytesPerCall());
    }

    /** Our dense model in a row's own backend and precision; for a peer's row, in the first. */
    private static boolean isOwnDense(Row other, Row row) {
        return other.name().startsWith("dense-")
                && (!row.engine().equals("tokenwise")
                        || other.backend().equals(row.backend())
                                && other.precision().equals(row.precision()));
    }

    /** How many times as many tokens a second as another row of the group has. */
    private static String times(Row row, List<Row> group, Predicate<Row> other) {
        return group.stream()
                .filter(other)
                .findFirst()
                .map(base -> String.format(Locale.ROOT, "%.2f", row.tokensPerSecond() / base.tokensPerSecond()))
                .orElse("");
    }

    private static String optional(String format, Double value) {
        return value == null ? "" : String.format(Locale.ROOT, format, value);
    }

    private static String line(String format, Object... values) {
        return String.format(Locale.ROOT, format, values) + System.lineSeparator();
    }
}
