package io.tokenwise.bench;

import io.tokenwise.bench.FrontierResults.Row;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * Quality by one metric against measured time: a panel for each length, time as a share of dense on a log axis, a line for each way. What lies beyond a
 * panel, such as static embeddings at a thousandth of the time, is a triangle at its edge that points there.
 */
final class FrontierPicture {
    private static final int COLUMNS = 3;
    private static final int PANEL = 390;
    private static final int HEIGHT = 270;
    private static final int LEFT = 76;
    private static final int TOP = 92;
    private static final int GAP_X = 24;
    private static final int GAP_Y = 74;
    private static final int LEGEND_LINE = 22;
    private static final int LEGEND_COLUMN = 400;
    private static final int MARGIN = 12;
    private static final String OURS = "#d81b60";
    private static final String DENSE = "#222222";
    private static final List<String> COLOURS = List.of(
            "#555555", "#999999", "#8c6d31", "#c49c4a", "#1f78b4", "#7fb2d9", "#66a61e", "#7570b3", "#d95f02",
            "#1b9e77");

    /** Of dense time: faster than this only another kind of thing is. */
    private static final double LEAST_SHARE = 0.2;

    /** Panels reach down to so many times what ours loses at most; what is worse is at their lower edge. */
    private static final double LOSSES = 2.5;

    private static final double LEAST_RANGE = 0.02;

    private final FrontierResults results;
    private final String metric;
    private final List<Row> rows;
    private final List<String> lengths;
    private final List<String> series;
    private final Row base;
    private final double floor;

    /** @param metric its key */
    FrontierPicture(FrontierResults results, String metric) {
        this.results = results;
        this.metric = metric;
        rows = results.rows().stream()
                .filter(row -> row.quality().containsKey(metric))
                .toList();
        lengths = results.lengths();
        series = rows.stream().map(Row::series).distinct().toList();
        base = rows.stream()
                .filter(row -> row.name().equals(results.base()))
                .findFirst()
                .orElseThrow();
        double worstOfOurs = rows.stream()
                .filter(row -> row.kind().equals("ours"))
                .mapToDouble(this::quality)
                .min()
                .orElse(quality(base));
        floor = quality(base) - Math.max(LEAST_RANGE, LOSSES * (quality(base) - worstOfOurs));
    }

    String svg() {
        var svg = new Svg(width(), height());
        draw(svg);
        return svg.toString();
    }

    /** @throws IllegalStateException if the machine has no font */
    void writePng(Path file) throws IOException {
        var png = new Png(width(), height());
        draw(png);
        png.write(file);
    }

    private int columns() {
        return Math.min(COLUMNS, lengths.size());
    }

    private int width() {
        return Math.max(LEFT + columns() * (PANEL + GAP_X), LEFT + 2 * LEGEND_COLUMN);
    }

    private int legendTop() {
        return TOP + Math.ceilDiv(lengths.size(), columns()) * (HEIGHT + GAP_Y);
    }

    private int legendColumns() {
        return Math.max(1, (width() - LEFT) / LEGEND_COLUMN);
    }

    private int height() {
        return legendTop() + (Math.ceilDiv(series.size(), legendColumns()) + 1) * LEGEND_LINE;
    }

    private double quality(Row row) {
        return row.quality().get(metric).value();
    }

    private void draw(Drawing drawing) {
        drawing.text(LEFT, 28, "start", 18, "#000000", results.metrics().get(metric) + ", against measured time");
        drawing.text(
                LEFT,
                50,
                "start",
                12,
                "#555555",
                results.cpu() + ", one thread. Left and up is better. Numbers at points: budgets, or shares of words or"
                        + " tokens kept.");
        Axis y = Axis.linear(
                rows.stream().mapToDouble(row -> Math.max(floor, quality(row))).toArray(), HEIGHT, 0);
        for (int i = 0; i < lengths.size(); i++) {
            int left = LEFT + i % columns() * (PANEL + GAP_X);
            int top = TOP + i / columns() * (HEIGHT + GAP_Y);
            new Panel(drawing, lengths.get(i), left, top, y).draw(i % columns() == 0);
        }
        for (int i = 0; i < series.size(); i++) {
            int x = LEFT + i % legendColumns() * LEGEND_COLUMN;
            int at = legendTop() + i / legendColumns() * LEGEND_LINE;
            String key = series.get(i);
            Row row = rows.stream()
                    .filter(r -> r.series().equals(key))
                    .findFirst()
                    .orElseThrow();
            marker(drawing, row, x + 8, at - 4);
            drawing.text(x + 24, at, "start", 13, "#000000", row.label() + (row.inDomain() ? " *" : ""));
        }
        drawing.text(
                LEFT,
                height() - 8,
                "start",
                12,
                "#555555",
                "Triangles at an edge are points beyond it: their figures are in the tables.  *: has seen WordNet's texts.");
    }

    private String colour(Row row) {
        if (row.kind().equals("ours")) {
            return OURS;
        }
        return row.name().equals(base.name()) ? DENSE : COLOURS.get(series.indexOf(row.series()) % COLOURS.size());
    }

    /** Discs for ours, diamonds for our dense models, squares for rivals. */
    private void marker(Drawing drawing, Row row, double x, double y) {
        switch (row.kind()) {
            case "ours" -> drawing.disc(x, y, 6, colour(row));
            case "dense" -> drawing.polygon(colour(row), x, y - 8, x + 8, y, x, y + 8, x - 8, y);
            default -> drawing.polygon(colour(row), x - 5, y - 5, x + 5, y - 5, x + 5, y + 5, x - 5, y + 5);
        }
    }

    /** The points of one length. */
    private final class Panel {
        private final Drawing drawing;
        private final String length;
        private final List<Row> points;
        private final int left;
        private final int top;
        private final Axis x;
        private final Axis y;
        private final Labels labels;

        Panel(Drawing drawing, String length, int left, int top, Axis y) {
            this.drawing = drawing;
            this.length = length;
            this.left = left;
            this.top = top;
            this.y = y;
            points = rows.stream().filter(row -> row.length().equals(length)).toList();
            x = Axis.logarithmic(
                    points.stream()
                            .mapToDouble(row -> Math.max(LEAST_SHARE, row.timeShare()))
                            .toArray(),
                    left,
                    left + PANEL);
            labels = new Labels(left, top, left + PANEL, top + HEIGHT);
            points.forEach(row -> labels.keepFree(atX(row), atY(row)));
        }

        private double atX(Row row) {
            return Math.max(left + MARGIN, x.at(row.timeShare()));
        }

        private double atY(Row row) {
            return top + Math.min(HEIGHT - MARGIN, y.at(quality(row)));
        }

        void draw(boolean first) {
            drawing.text(
                    left + PANEL / 2.0,
                    top - 9,
                    "middle",
                    14,
                    "#000000",
                    length.equals(TimedTexts.BULK) ? "bulk: 64 mixed texts a call" : length + " tokens");
            for (double tick : y.ticks()) {
                drawing.line(left, top + y.at(tick), left + PANEL, top + y.at(tick), "#e4e4e4", 1);
                if (first) {
                    drawing.text(left - 8, top + y.at(tick) + 4, "end", 12, "#333333", y.label(tick));
                }
            }
            for (double tick : x.ticks()) {
                drawing.line(x.at(tick), top, x.at(tick), top + HEIGHT, "#e4e4e4", 1);
                drawing.text(x.at(tick), top + HEIGHT + 17, "middle", 12, "#333333", x.label(tick));
            }
            drawing.line(x.at(1), top, x.at(1), top + HEIGHT, "#aaaaaa", 1);
            drawing.line(left, atY(base), left + PANEL, atY(base), "#aaaaaa", 1);
            drawing.frame(left, top, PANEL, HEIGHT);
            drawing.text(
                    left + PANEL / 2.0,
                    top + HEIGHT + 35,
                    "middle",
                    12,
                    "#333333",
                    "time of a call, share of " + results.base() + " (log scale)");
            // Ours last, so that nothing lies on it.
            series.stream()
                    .sorted(Comparator.comparing(key -> key.equals(Candidates.OURS)))
                    .forEach(this::curve);
        }

        private void curve(String key) {
            var curve = new ArrayList<>(
                    points.stream().filter(row -> row.series().equals(key)).toList());
            if (curve.getFirst().reachesDense()) {
                points.stream().filter(row -> row.name().equals(base.name())).forEach(curve::add);
            }
            curve.sort(Comparator.comparingDouble(Row::timeShare));
            String colour = colour(points.stream()
                    .filter(row -> row.series().equals(key))
                    .findFirst()
                    .orElseThrow());
            for (int i = 1; i < curve.size(); i++) {
                line(curve.get(i - 1), curve.get(i), colour, key.equals(Candidates.OURS) ? 2.5 : 1.5);
            }
            curve.stream().filter(row -> row.series().equals(key)).forEach(this::point);
        }

        /** A line between two points, as far as it is within the panel, which both may leave to the left or below. */
        private void line(Row from, Row to, String colour, double width) {
            double[] a = {x.at(from.timeShare()), top + y.at(quality(from))};
            double[] b = {x.at(to.timeShare()), top + y.at(quality(to))};
            double start = Math.max(entry(a[0], b[0], left, 1), entry(a[1], b[1], top + HEIGHT, -1));
            double end = 1 - Math.max(entry(b[0], a[0], left, 1), entry(b[1], a[1], top + HEIGHT, -1));
            if (start < end) {
                drawing.line(
                        a[0] + start * (b[0] - a[0]),
                        a[1] + start * (b[1] - a[1]),
                        a[0] + end * (b[0] - a[0]),
                        a[1] + end * (b[1] - a[1]),
                        colour,
                        width);
            }
        }

        /** Of the way from a to b the share after which it is on the right side of an edge: 0 if it begins there, 1 if it never is. */
        private static double entry(double a, double b, double edge, int side) {
            if (side * (a - edge) >= 0) {
                return 0;
            }
            return side * (b - edge) > 0 ? (edge - a) / (b - a) : 1;
        }

        private void point(Row row) {
            double px = atX(row);
            double py = atY(row);
            String said = row.setting();
            if (x.at(row.timeShare()) < left) {
                drawing.polygon(colour(row), px - 8, py, px + 4, py - 6, px + 4, py + 6);
                said = String.format(
                        Locale.ROOT,
                        "%s%.3f at %.3f",
                        said.isEmpty() ? "" : said + ": ",
                        quality(row),
                        row.timeShare());
            } else if (y.at(quality(row)) > HEIGHT) {
                drawing.polygon(colour(row), px, py + 8, px - 6, py - 4, px + 6, py - 4);
                said = "";
            } else {
                marker(drawing, row, px, py);
            }
            if (!said.isEmpty()) {
                double[] place = labels.place(px, py, said.length());
                drawing.text(place[0], place[1], "start", Labels.SIZE, colour(row), said);
            }
        }
    }
}
