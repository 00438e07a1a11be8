package io.tokenwise.bench.load;

import io.tokenwise.bench.Axis;
import io.tokenwise.bench.Svg;
import java.util.List;
import java.util.Locale;

/** Quality against the share in time: a panel for each load, a point for each controller and seed. Up and right is better. */
final class LoadPicture {
    private static final int COLUMNS = 3;
    private static final int PANEL = 330;
    private static final int HEIGHT = 230;
    private static final int LEFT = 70;
    private static final int TOP = 86;
    private static final int GAP_X = 30;
    private static final int GAP_Y = 78;
    private static final int LEGEND_LINE = 22;
    private static final int LEGEND_COLUMN = 250;
    private static final List<String> COLOURS =
            List.of("#555555", "#1f78b4", "#8c6d31", "#66a61e", "#7570b3", "#d81b60", "#d95f02");

    private final LoadResults results;
    private final List<String> loads;
    private final List<String> controllers;
    private final Axis y;
    private final Svg svg;

    private LoadPicture(LoadResults results) {
        this.results = results;
        loads = results.loads();
        controllers = results.controllers();
        y = Axis.linear(
                results.rows().stream()
                        .mapToDouble(LoadRow::cosine)
                        .filter(cosine -> !Double.isNaN(cosine))
                        .toArray(),
                HEIGHT,
                0);
        int legendLines = Math.ceilDiv(controllers.size(), COLUMNS);
        svg = new Svg(LEFT + COLUMNS * (PANEL + GAP_X), legendTop() + legendLines * LEGEND_LINE + 10);
    }

    static String svg(LoadResults results) {
        var picture = new LoadPicture(results);
        picture.draw();
        return picture.svg.toString();
    }

    private int legendTop() {
        return TOP + Math.ceilDiv(loads.size(), COLUMNS) * (HEIGHT + GAP_Y);
    }

    private void draw() {
        svg.text(LEFT, 28, "start", 18, "#000000", "Quality against the share answered in time");
        svg.text(
                LEFT,
                50,
                "start",
                12,
                "#555555",
                String.format(
                        Locale.ROOT,
                        "%s; %s, server on one core, generator on the other; target %.0f ms. Up and right is better.",
                        results.cpu(),
                        results.model(),
                        results.targetMillis()));
        svg.vertical(20, (TOP + legendTop() - GAP_Y) / 2, 13, "mean cosine to full budget, of what was answered");
        for (int i = 0; i < loads.size(); i++) {
            panel(loads.get(i), LEFT + i % COLUMNS * (PANEL + GAP_X), TOP + i / COLUMNS * (HEIGHT + GAP_Y));
        }
        for (int i = 0; i < controllers.size(); i++) {
            int x = LEFT + i % COLUMNS * LEGEND_COLUMN;
            int at = legendTop() + i / COLUMNS * LEGEND_LINE;
            svg.disc(x + 8, at - 4, 6, COLOURS.get(i % COLOURS.size()));
            svg.text(x + 22, at, "start", 13, "#000000", controllers.get(i));
        }
    }

    private void panel(String load, int left, int top) {
        var x = new Axis(-0.04, 1.04, left, left + PANEL, false, 0.2);
        svg.text(left + PANEL / 2.0, top - 9, "middle", 14, "#000000", load);
        for (double tick : y.ticks()) {
            svg.line(left, top + y.at(tick), left + PANEL, top + y.at(tick), "#e4e4e4", 1);
            if (left == LEFT) {
                svg.text(left - 8, top + y.at(tick) + 4, "end", 12, "#333333", y.label(tick));
            }
        }
        for (double tick : x.ticks()) {
            svg.line(x.at(tick), top, x.at(tick), top + HEIGHT, "#e4e4e4", 1);
            svg.text(x.at(tick), top + HEIGHT + 17, "middle", 12, "#333333", x.label(tick));
        }
        svg.frame(left, top, PANEL, HEIGHT);
        svg.text(
                left + PANEL / 2.0,
                top + HEIGHT + 35,
                "middle",
                12,
                "#333333",
                "share of requests answered within the target");
        for (int i = 0; i < controllers.size(); i++) {
            for (LoadRow row : results.of(load, controllers.get(i))) {
                if (!Double.isNaN(row.cosine())) {
                    svg.disc(x.at(row.within()), top + y.at(row.cosine()), 5, COLOURS.get(i % COLOURS.size()));
                }
            }
        }
    }
}
