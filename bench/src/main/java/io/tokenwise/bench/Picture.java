package io.tokenwise.bench;

import io.tokenwise.io.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * Quality against latency: a panel for each scenario with one caller, a point for each engine, precision and budget; the budgets of an
 * adaptive model are joined by a line.
 */
final class Picture {
    private static final int PANEL = 400;
    private static final int HEIGHT = 380;
    private static final int LEFT = 84;
    private static final int TOP = 84;
    private static final int GAP = 36;
    private static final int LEGEND_LINE = 22;
    private static final int LEGEND_COLUMN = 290;
    private static final List<String> COLOURS = List.of(
            "#333333", "#d95f02", "#a6761d", "#1b9e77", "#7570b3", "#e7298a", "#1f78b4", "#66a61e", "#b2182b",
            "#8c6bb1");

    private final List<Results.Row> rows;
    private final List<String> scenarios;
    private final List<String> series;
    private final ToDoubleFunction<Results.Row> quality;
    private final String qualityName;
    private final Axis y;
    private final Svg svg;

    private Picture(Results results) {
        int threads = results.rows().getFirst().threads();
        List<Results.Row> judged = results.rows().stream()
                .filter(row -> row.callers() == 1 && row.threads() == threads && row.meanCosine() != null)
                .toList();
        if (judged.isEmpty()) {
            throw new IllegalArgumentException(
                    "there is nothing to draw: no scenario with one caller whose quality was measured");
        }
        rows = judged;
        boolean sts = rows.stream().allMatch(row -> row.spearman() != null);
        quality = sts ? Results.Row::spearman : Results.Row::meanCosine;
        qualityName = sts ? "Spearman on STS-B dev" : "mean cosine to the dense float32 model";
        scenarios = rows.stream().map(Results.Row::scenario).distinct().toList();
        series = rows.stream().map(Results.Row::label).distinct().toList();
        y = Axis.linear(rows.stream().mapToDouble(quality).toArray(), TOP + HEIGHT, TOP);
        int width = LEFT + scenarios.size() * (PANEL + GAP);
        int columns = Math.max(1, (width - LEFT) / LEGEND_COLUMN);
        int legendLines = (series.size() + columns - 1) / columns;
        svg = new Svg(width, TOP + HEIGHT + 70 + legendLines * LEGEND_LINE);
        draw(results, threads, columns);
    }

    static String svg(Results results) {
        return new Picture(results).svg.toString();
    }

    /** @throws IllegalArgumentException if the results hold nothing to draw */
    static void write(Results results, Path file) throws IOException {
        AtomicFiles.write(file, svg(results));
    }

    private void draw(Results results, int threads, int columns) {
        svg.text(
                LEFT,
                28,
                "start",
                18,
                "#000000",
                "Quality against latency: MiniLM, " + threads + (threads == 1 ? " thread" : " threads"));
        svg.text(
                LEFT,
                48,
                "start",
                12,
                "#555555",
                results.cpu() + ", JDK " + results.jdk()
                        + "; numbers at points of adaptive models are budgets; left and up is better");
        svg.vertical(22, TOP + HEIGHT / 2, 13, qualityName);
        for (int i = 0; i < scenarios.size(); i++) {
            panel(scenarios.get(i), LEFT + i * (PANEL + GAP), i == 0);
        }
        for (int i = 0; i < series.size(); i++) {
            int x = LEFT + i % columns * LEGEND_COLUMN;
            int at = TOP + HEIGHT + 74 + i / columns * LEGEND_LINE;
            marker(series.get(i), x + 8, at - 4);
            svg.text(x + 24, at, "start", 13, "#000000", series.get(i));
        }
    }

    private void panel(String scenario, int left, boolean first) {
        List<Results.Row> points =
                rows.stream().filter(row -> row.scenario().equals(scenario)).toList();
        Axis x = Axis.logarithmic(
                points.stream().mapToDouble(row -> row.p50Micros() / 1e3).toArray(), left, left + PANEL);
        svg.text(left + PANEL / 2.0, TOP - 10, "middle", 14, "#000000", scenario);
        for (double tick : y.ticks()) {
            svg.line(left, y.at(tick), left + PANEL, y.at(tick), "#e4e4e4", 1);
            if (first) {
                svg.text(left - 8, y.at(tick) + 4, "end", 12, "#333333", y.label(tick));
            }
        }
        for (double tick : x.ticks()) {
            svg.line(x.at(tick), TOP, x.at(tick), TOP + HEIGHT, "#e4e4e4", 1);
            svg.text(x.at(tick), TOP + HEIGHT + 18, "middle", 12, "#333333", x.label(tick));
        }
        svg.frame(left, TOP, PANEL, HEIGHT);
        svg.text(left + PANEL / 2.0, TOP + HEIGHT + 38, "middle", 13, "#333333", "median of a call, ms (log scale)");
        var labels = new Labels(left, TOP, left + PANEL, TOP + HEIGHT);
        points.forEach(row -> labels.keepFree(x.at(row.p50Micros() / 1e3), y.at(quality.applyAsDouble(row))));
        series.forEach(name ->
                joined(points.stream().filter(row -> row.label().equals(name)).toList(), x, labels));
    }

    /** The points of one series, their line and the budgets beside them. */
    private void joined(List<Results.Row> points, Axis x, Labels labels) {
        var places = new ArrayList<double[]>();
        points.forEach(row -> places.add(new double[] {x.at(row.p50Micros() / 1e3), y.at(quality.applyAsDouble(row))}));
        for (int i = 0; i < places.size(); i++) {
            double[] to = places.get(i);
            Results.Row row = points.get(i);
            if (i > 0) {
                double[] from = places.get(i - 1);
                svg.line(from[0], from[1], to[0], to[1], colour(row.label()), 1.5);
            }
            marker(row.label(), to[0], to[1]);
            if (row.model().equals("acm")) {
                String budget = String.format(Locale.ROOT, "%.2f", row.budget());
                double[] place = labels.place(to[0], to[1], budget.length());
                svg.text(place[0], place[1], "start", Labels.SIZE, colour(row.label()), budget);
            }
        }
    }

    private String colour(String label) {
        return COLOURS.get(series.indexOf(label) % COLOURS.size());
    }

    /** Squares for peers, diamonds for our dense models, discs for adaptive ones. */
    private void marker(String label, double x, double y) {
        Results.Row row =
                rows.stream().filter(r -> r.label().equals(label)).findFirst().orElseThrow();
        if (!row.engine().equals("tokenwise")) {
            svg.polygon(colour(label), x - 5, y - 5, x + 5, y - 5, x + 5, y + 5, x - 5, y + 5);
        } else if (row.model().equals("dense")) {
            svg.polygon(colour(label), x, y - 8, x + 8, y, x, y + 8, x - 8, y);
        } else {
            svg.disc(x, y, 5, colour(label));
        }
    }
}
