package io.tokenwise.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/**
 * The ways to run a model side by side.
 *
 * @param shortTokens tokens of the short texts that were timed
 * @param longTokens tokens of the long ones
 */
record Results(int shortTokens, int longTokens, List<Row> rows) {
    Results {
        rows = List.copyOf(rows);
    }

    /** A column of the table, for terminal and page alike. */
    record Column(String title, Function<Row, String> value) {}

    /** The columns that these rows fill. */
    List<Column> columns() {
        List<Column> columns = new ArrayList<>(List.of(
                new Column("mode", row -> row.mode().label()),
                new Column("budget", row -> fixed(row.budget(), 2)),
                new Column("mean learners", row -> fixed(row.meanLearners(), 2)),
                new Column("MFLOPs/token", row -> fixed(row.flopsPerToken() / 1e6, 2)),
                new Column("ms at " + shortTokens + " tokens", row -> fixed(row.millisShort(), 2)),
                new Column("ms at " + longTokens + " tokens", row -> fixed(row.millisLong(), 2)),
                new Column("cosine to dense", row -> fixed(row.cosine(), 4)),
                new Column("top 10 kept", row -> fixed(100 * row.neighboursKept(), 1) + " %")));
        if (rows.stream().anyMatch(row -> row.spearman().isPresent())) {
            columns.add(new Column("Spearman", row -> fixed(row.spearman().orElse(Double.NaN), 4)));
        }
        return columns;
    }

    /** The rows as a table of text with a heading; numbers are aligned at their right. */
    String asText() {
        List<List<String>> lines = new ArrayList<>();
        List<Column> columns = columns();
        lines.add(columns.stream().map(Column::title).toList());
        for (Row row : rows) {
            lines.add(columns.stream().map(column -> column.value().apply(row)).toList());
        }
        var text = new StringBuilder();
        for (List<String> line : lines) {
            for (int c = 0; c < line.size(); c++) {
                int column = c;
                int width = lines.stream()
                        .mapToInt(l -> l.get(column).length())
                        .max()
                        .orElseThrow();
                String pad = " ".repeat(width - line.get(c).length());
                text.append(c == 0 ? line.get(c) + pad : "  " + pad + line.get(c));
            }
            text.append(System.lineSeparator());
        }
        return text.toString();
    }

    private static String fixed(double value, int digits) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%." + digits + "f", value);
    }
}
