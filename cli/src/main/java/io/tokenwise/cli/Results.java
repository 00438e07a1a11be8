package io.tokenwise.cli;

import java.util.ArrayList;
import java.util.List;

/**
 * The ways to run a model side by side.
 *
 * @param shortInput what was timed as short, such as {@code 16 tokens}
 * @param longInput what was timed as long; for models whose inputs have one length the same
 * @param learners what a row's {@link Row#meanLearners} is
 * @param agreement what a row's {@link Row#agreement} is
 * @param kept what the share of a row's {@link Row#kept} is of
 */
record Results(String shortInput, String longInput, String learners, String agreement, String kept, List<Row> rows) {
    private static final String COSINE = "cosine";

    /** Of text encoders. */
    static Results ofTexts(int shortTokens, int longTokens, String learners, List<Row> rows) {
        return ofTexts(shortTokens, longTokens, learners, COSINE, "top 10 kept", rows);
    }

    /** Of models that give something else for texts. */
    static Results ofTexts(
            int shortTokens, int longTokens, String learners, String agreement, String kept, List<Row> rows) {
        return new Results(shortTokens + " tokens", longTokens + " tokens", learners, agreement, kept, rows);
    }

    /** Of models that read images. */
    static Results ofImages(String learners, List<Row> rows) {
        return new Results("one image", "one image", learners, COSINE, "same class", rows);
    }

    /** Of models that hear recordings. */
    static Results ofRecordings(String learners, List<Row> rows) {
        return new Results(
                "the encoder on one recording", "the encoder on one recording", learners, COSINE, "words kept", rows);
    }

    Results {
        rows = List.copyOf(rows);
    }

    /** Whether scores are compared, which have a correlation instead of a cosine. */
    boolean ofScores() {
        return !agreement.equals(COSINE);
    }

    /** As JSON has them. */
    List<Json.DemoRow> inJson() {
        return rows.stream().map(row -> Json.DemoRow.of(row, ofScores())).toList();
    }

    /** The columns that these rows fill. */
    List<Column<Row>> columns() {
        List<Column<Row>> columns = new ArrayList<>(List.of(
                new Column<>("mode", row -> row.mode().label()),
                new Column<>("budget", row -> Column.fixed(row.budget(), 2)),
                new Column<>(learners, row -> Column.fixed(row.meanLearners(), 2)),
                new Column<>("MFLOPs/token", row -> Column.fixed(row.flopsPerToken() / 1e6, 2)),
                new Column<>("ms at " + longInput, row -> Column.fixed(row.millisLong(), 2)),
                new Column<>(agreement + " to dense", row -> Column.fixed(row.agreement(), 4))));
        if (!shortInput.equals(longInput)) {
            columns.add(4, new Column<>("ms at " + shortInput, row -> Column.fixed(row.millisShort(), 2)));
        }
        if (rows.stream().noneMatch(row -> Double.isNaN(row.kept()))) {
            columns.add(new Column<>(kept, row -> Column.fixed(100 * row.kept(), 1) + " %"));
        }
        if (rows.stream().anyMatch(row -> row.spearman().isPresent())) {
            columns.add(new Column<>(
                    "Spearman", row -> Column.fixed(row.spearman().orElse(Double.NaN), 4)));
        }
        return columns;
    }
}
