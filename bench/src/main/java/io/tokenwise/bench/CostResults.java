package io.tokenwise.bench;

import java.util.List;
import java.util.Locale;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@code bench cost} gives. Its JSON shape is kept stable: fields may be added, none is renamed or removed.
 *
 * @param cpu name of the processor
 * @param jdk version of the Java runtime
 * @param notes how it was measured, and what was left out, a sentence each
 */
record CostResults(String cpu, String jdk, String model, List<String> notes, List<Row> rows) {
    /**
     * One length at one budget in one engine.
     *
     * @param table where the prediction is from
     * @param budget share of the dense model's time that was asked for
     * @param ratio predicted over measured
     * @param timeShare measured, over the dense model's own measured time
     */
    record Row(
            String backend,
            String precision,
            String table,
            int tokens,
            double budget,
            double predictedMicros,
            double measuredMicros,
            double ratio,
            double timeShare) {}

    String asJson() {
        return new JsonMapper().writeValueAsString(this);
    }

    String asTable() {
        var text = new StringBuilder();
        text.append(line("%s, JDK %s, %s, one text a call, one thread", cpu, jdk, model));
        notes.forEach(note -> text.append(line("- %s", note)));
        for (String engine : rows.stream().map(CostResults::engine).distinct().toList()) {
            List<Row> group =
                    rows.stream().filter(row -> engine(row).equals(engine)).toList();
            text.append(line("%n%s; table: %s", engine, group.getFirst().table()));
            text.append(line(
                    "%6s %7s %13s %13s %7s %11s",
                    "tokens", "budget", "predicted us", "measured us", "ratio", "of dense"));
            group.forEach(row -> text.append(line(
                    "%6d %7.2f %13.1f %13.1f %7.3f %11.3f",
                    row.tokens(),
                    row.budget(),
                    row.predictedMicros(),
                    row.measuredMicros(),
                    row.ratio(),
                    row.timeShare())));
        }
        return text.toString();
    }

    private static String engine(Row row) {
        return row.backend() + ", " + row.precision();
    }

    private static String line(String format, Object... values) {
        return String.format(Locale.ROOT, format, values) + System.lineSeparator();
    }
}
