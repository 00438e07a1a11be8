package io.tokenwise.cli;

import io.tokenwise.distill.Distillation;
import io.tokenwise.distill.History;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** The curves of a {@link Report}, as {@code report.js} reads them. */
final class ReportCharts {
    /** More points than this are drawn as so many means: an eye sees no more, and the page stays small. */
    private static final int MOST_POINTS = 200;

    private ReportCharts() {}

    /**
     * A chart.
     *
     * @param title its heading
     * @param x the axis along
     * @param y the axis up
     * @param most where the axis up ends; null for wherever the points do
     * @param logarithmic whether the axis up is
     */
    record Chart(String id, String title, String x, String y, Double most, boolean logarithmic, List<Series> series) {}

    /**
     * A curve.
     *
     * @param mode whose colour and mark it has; that of a row of the table
     */
    record Series(String mode, String label, List<Point> points) {}

    /**
     * A point of a curve.
     *
     * @param hover what a reader who points at it is told
     */
    record Point(double x, double y, String hover) {}

    static List<Chart> of(Report report) {
        Results results = report.results();
        String agreement = results.agreement() + " to the dense model";
        List<Chart> charts = new ArrayList<>(List.of(
                new Chart(
                        "flops",
                        "Quality against work",
                        "MFLOPs per token",
                        agreement,
                        1.0,
                        false,
                        series(results, row -> row.flopsPerToken() / 1e6, "MFLOPs/token")),
                new Chart(
                        "millis",
                        "Quality against time",
                        "milliseconds at " + results.longInput(),
                        agreement,
                        1.0,
                        false,
                        series(results, Row::millisLong, "ms"))));
        History training = report.training();
        if (!training.steps().isEmpty()) {
            charts.add(new Chart("losses", "Losses", "step", "loss", null, true, losses(training)));
            charts.add(new Chart(
                    "heldout",
                    "Quality at half budget on what was not trained on",
                    "step",
                    agreement,
                    1.0,
                    false,
                    List.of(new Series("learned", "learned", qualities(training, results.agreement())))));
        }
        return charts;
    }

    private static List<Series> series(Results results, ToDoubleFunction<Row> x, String unit) {
        List<Series> all = new ArrayList<>();
        for (Row.Mode mode : Row.Mode.values()) {
            List<Point> points = results.rows().stream()
                    .filter(row -> row.mode() == mode)
                    .map(row -> new Point(
                            x.applyAsDouble(row), row.agreement(), hover(results, row, x.applyAsDouble(row), unit)))
                    .toList();
            if (!points.isEmpty()) {
                all.add(new Series(mode.label(), mode.label(), points));
            }
        }
        return all;
    }

    private static String hover(Results results, Row row, double x, String unit) {
        String budget = row.mode() == Row.Mode.DENSE ? "" : String.format(Locale.ROOT, " at budget %.2f", row.budget());
        return String.format(
                Locale.ROOT,
                "%s%s: %.2f %s, %s %.4f",
                row.mode().label(),
                budget,
                x,
                unit,
                results.agreement(),
                row.agreement());
    }

    private static List<Series> losses(History training) {
        return List.of(
                loss("static", "phase 1: relative squared error", training, Distillation.Phase.LEARNERS),
                loss("random", "phase 2: cross-entropy", training, Distillation.Phase.GATES),
                loss("learned", "phase 3: distance to the teacher's results", training, Distillation.Phase.END_TO_END),
                new Series(
                        "dense",
                        "phase 3: spend beside the budget, relative",
                        means(phase(training, Distillation.Phase.END_TO_END), Distillation.Step::budgetLoss)));
    }

    private static Series loss(String mode, String label, History training, Distillation.Phase phase) {
        return new Series(mode, label, means(phase(training, phase), Distillation.Step::loss));
    }

    private static List<Distillation.Step> phase(History training, Distillation.Phase phase) {
        return training.steps().stream().filter(step -> step.phase() == phase).toList();
    }

    private static List<Point> means(List<Distillation.Step> steps, ToDoubleFunction<Distillation.Step> loss) {
        int width = Math.max(1, Math.ceilDiv(steps.size(), MOST_POINTS));
        List<Point> points = new ArrayList<>();
        for (int from = 0; from < steps.size(); from += width) {
            List<Distillation.Step> some = steps.subList(from, Math.min(from + width, steps.size()));
            double mean = some.stream().mapToDouble(loss).average().orElseThrow();
            int last = some.getLast().step() + 1;
            points.add(new Point(last, mean, String.format(Locale.ROOT, "step %d: %.4f", last, mean)));
        }
        return points;
    }

    private static List<Point> qualities(History training, String agreement) {
        return training.qualities().stream()
                .map(quality -> new Point(
                        quality.step(),
                        quality.agreement(),
                        String.format(
                                Locale.ROOT,
                                "step %d: %s %.4f, spent %.2f",
                                quality.step(),
                                agreement,
                                quality.agreement(),
                                quality.spent())))
                .toList();
    }
}
