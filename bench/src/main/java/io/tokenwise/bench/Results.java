package io.tokenwise.bench;

import java.util.List;
import java.util.Locale;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a run of all scenarios gave. Its JSON shape is kept stable: fields may be added, none is renamed or removed.
 *
 * @param cpu name of the processor
 * @param jdk version of the Java runtime
 * @param notes what was compared and how, a sentence each
 */
record Results(String cpu, String jdk, List<String> notes, List<Row> rows) {
    /**
     * One contender in one scenario.
     *
     * @param label the contender's name for people
     * @param cosine to the dense float32 model's vectors, the lowest of all texts
     * @param calls how many were timed
     * @param heapBytesPerCall what the calling thread allocated on the Java heap
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
            long heapBytesPerCall) {
        static Row of(Scenario scenario, int threads, Race.Timing timing) {
            Contender contender = timing.contender();
            double median = timing.micros(0.5);
            return new Row(
                    scenario.name(),
                    contender.engine(),
                    contender.model(),
                    contender.budget(),
                    contender.backend(),
                    contender.precision(),
                    threads,
                    median,
                    timing.micros(0.95),
                    timing.micros(0.99),
                    scenario.tokensPerCall() / median * 1e6,
                    contender.label(),
                    timing.cosine(),
                    timing.nanos().length,
                    timing.heapBytes());
        }

        private boolean isDense(String otherEngine) {
            return engine.equals(otherEngine) && model.equals("dense") && precision.equals("f32");
        }
    }

    String asJson() {
        return new JsonMapper().writeValueAsString(this);
    }

    String asTable() {
        var text = new StringBuilder();
        text.append(cpu).append(", JDK ").append(jdk).append(System.lineSeparator());
        notes.forEach(note -> text.append("- ").append(note).append(System.lineSeparator()));
        for (String scenario : rows.stream().map(Row::scenario).distinct().toList()) {
            List<Row> group =
                    rows.stream().filter(row -> row.scenario().equals(scenario)).toList();
            text.append(line(
                    "%n%-26s %6s %10s %10s %10s %9s %8s %9s %8s %9s",
                    scenario,
                    "budget",
                    "p50 us",
                    "p95 us",
                    "p99 us",
                    "tokens/s",
                    "x ORT",
                    "x dense",
                    "cosine",
                    "heap B"));
            double ort = dense(group, "onnxruntime").p50Micros();
            double own = dense(group, "tokenwise").p50Micros();
            for (Row row : group) {
                text.append(line(
                        "%-26s %6.2f %10.0f %10.0f %10.0f %9.0f %8.2f %9.2f %8.4f %9d",
                        row.label(),
                        row.budget(),
                        row.p50Micros(),
                        row.p95Micros(),
                        row.p99Micros(),
                        row.tokensPerSecond(),
                        ort / row.p50Micros(),
                        own / row.p50Micros(),
                        row.cosine(),
                        row.heapBytesPerCall()));
            }
        }
        return text.toString();
    }

    private static Row dense(List<Row> group, String engine) {
        return group.stream().filter(row -> row.isDense(engine)).findFirst().orElseThrow();
    }

    private static String line(String format, Object... values) {
        return String.format(Locale.ROOT, format, values) + System.lineSeparator();
    }
}
