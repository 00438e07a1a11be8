package io.tokenwise.cli;

import java.util.ArrayList;
import java.util.List;

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

    /** The columns that these rows fill. */
    List<Column<Row>> columns() {
        List<Column<Row>> columns = new ArrayList<>(List.of(
                new Column<>("mode", row -> row.mode().label()),
                new Column<>("budget", row -> Column.fixed(row.budget(), 2)),
                new Column<>("mean learners", row -> Column.fixed(row.meanLearners(), 2)),
                new Column<>("MFLOPs/token", row -> Column.fixed(row.flopsPerToken() / 1e6, 2)),
                new Column<>("ms at " + shortTokens + " tokens", row -> Column.fixed(row.millisShort(), 2)),
                new Column<>("ms at " + longTokens + " tokens", row -> Column.fixed(row.millisLong(), 2)),
                new Column<>("cosine to dense", row -> Column.fixed(row.cosine(), 4))));
        if (rows.stream().noneMatch(row -> Double.isNaN(row.neighboursKept()))) {
            columns.add(new Column<>("top 10 kept", row -> Column.fixed(100 * row.neighboursKept(), 1) + " %"));
        }
        if (rows.stream().anyMatch(row -> row.spearman().isPresent())) {
            columns.add(new Column<>(
                    "Spearman", row -> Column.fixed(row.spearman().orElse(Double.NaN), 4)));
        }
        return columns;
    }
}
