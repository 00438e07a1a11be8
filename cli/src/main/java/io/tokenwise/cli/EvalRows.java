package io.tokenwise.cli;

import io.tokenwise.api.Budget;
import io.tokenwise.cli.Row.Mode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** Makes an evaluation's rows from its runs, and a table of them for the terminal. */
final class EvalRows {
    private EvalRows() {}

    /** A way to run a model, and what it has cost. */
    interface Run {
        Mode mode();

        double budget();

        /** What the budget is a share of. */
        Budget.Unit unit();

        /** To the dense model's vectors; null where there are none to compare. */
        Double meanCosine();

        /** NaN for a dense model. */
        double meanLearners();

        /** Share of the adaptive layers' dense FLOPs. */
        double spent();

        double flopsPerToken();

        double millisPerInput();

        /** From end to end. */
        double seconds();
    }

    /**
     * One row a mode and budget, the dense model's first; runs that differ by their seed alone share one.
     *
     * @param runs the dense model's first
     * @param score the task's metrics of a run, the one that it is judged by first
     */
    static <R extends Run> List<Json.EvalRow> of(List<R> runs, Function<R, Map<Metric, Double>> score) {
        var groups = new LinkedHashMap<String, List<R>>();
        for (R run : runs) {
            groups.computeIfAbsent(run.mode() + " " + run.budget(), _ -> new ArrayList<>())
                    .add(run);
        }
        Map<Metric, Double> dense = score.apply(runs.getFirst());
        return groups.values().stream()
                .map(group -> row(
                        group,
                        group.stream().map(score).toList(),
                        dense,
                        runs.getFirst().millisPerInput()))
                .toList();
    }

    private static Json.EvalRow row(
            List<? extends Run> group,
            List<Map<Metric, Double>> scores,
            Map<Metric, Double> dense,
            double denseMillis) {
        var metrics = new LinkedHashMap<String, Double>();
        var ofDense = new LinkedHashMap<String, Double>();
        dense.forEach((metric, denseValue) -> {
            double value = mean(scores, score -> score.get(metric));
            metrics.put(metric.label(), value);
            ofDense.put(metric.label(), denseValue == 0 ? null : value / denseValue);
        });
        Metric first = dense.keySet().iterator().next();
        double meanLearners = mean(group, Run::meanLearners);
        return new Json.EvalRow(
                group.getFirst().budget(),
                group.getFirst().mode().inJson(),
                first.label(),
                metrics.get(first.label()),
                group.getFirst().meanCosine() == null ? null : mean(group, Run::meanCosine),
                Double.isNaN(meanLearners) ? null : meanLearners,
                mean(group, Run::spent),
                mean(group, Run::flopsPerToken),
                mean(group, Run::millisPerInput),
                metrics,
                ofDense,
                group.size(),
                deviation(scores.stream().map(score -> score.get(first)).toList()),
                mean(group, Run::seconds),
                group.getFirst().unit().name().toLowerCase(Locale.ROOT),
                mean(group, Run::millisPerInput) / denseMillis);
    }

    private static <T> double mean(List<? extends T> list, ToDoubleFunction<T> value) {
        return list.stream().mapToDouble(value).average().orElseThrow();
    }

    /** Of a sample; null for a single value. */
    static Double deviation(List<Double> values) {
        if (values.size() < 2) {
            return null;
        }
        double mean = mean(values, Double::doubleValue);
        double squares =
                values.stream().mapToDouble(v -> (v - mean) * (v - mean)).sum();
        return Math.sqrt(squares / (values.size() - 1));
    }

    /**
     * The rows as a table; shares of the dense model's only where there is another.
     *
     * @param input what the task calls one of its inputs
     * @param learners the title of what {@link Measurement#meanLearners} is of this model
     */
    static String table(List<Json.EvalRow> rows, String input, String learners) {
        var columns = new ArrayList<>(List.of(
                new Column<>("mode", Json.EvalRow::mode),
                new Column<Json.EvalRow>("budget", row -> Column.fixed(row.budget(), 2)),
                new Column<Json.EvalRow>("spent", row -> Column.fixed(row.spent(), 3)),
                new Column<Json.EvalRow>(
                        learners, row -> row.meanLearners() == null ? "-" : Column.fixed(row.meanLearners(), 2)),
                new Column<Json.EvalRow>("MFLOPs/token", row -> Column.fixed(row.flopsPerToken() / 1e6, 2)),
                new Column<Json.EvalRow>("ms/" + input, row -> Column.fixed(row.millisPerInput(), 2)),
                new Column<Json.EvalRow>("time", row -> Column.fixed(row.timeShare(), 3)),
                new Column<Json.EvalRow>("seconds", row -> Column.fixed(row.seconds(), 1))));
        if (rows.getFirst().teacherCosine() != null) {
            columns.add(new Column<>("cosine to dense", row -> Column.fixed(row.teacherCosine(), 4)));
        }
        boolean seeds = rows.stream().anyMatch(row -> row.deviation() != null);
        for (String metric : rows.getFirst().metrics().keySet()) {
            columns.add(new Column<>(metric, row -> Column.fixed(row.metrics().get(metric), 4)));
            if (seeds && metric.equals(rows.getFirst().metric())) {
                columns.add(new Column<>("+-", EvalRows::deviationOverSeeds));
            }
            if (rows.size() > 1) {
                columns.add(
                        new Column<>("of dense", row -> percent(row.ofDense().get(metric))));
            }
        }
        return TextTable.of(rows, columns);
    }

    static String deviationOverSeeds(Json.EvalRow row) {
        return row.deviation() == null ? "" : Column.fixed(row.deviation(), 4);
    }

    private static String percent(Double share) {
        return share == null ? "-" : String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }
}
