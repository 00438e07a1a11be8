package io.tokenwise.cli;

import io.tokenwise.cli.Report.ShadedText;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Writes a {@link Report} as one HTML page that needs nothing else: style, data and the chart library are inside. */
final class ReportPage {
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{(\\w+)}}");

    /** From this share of all learners on, text on the shade is drawn in the colour for dark shades. */
    private static final double DARK_SHADE = 0.6;

    private ReportPage() {}

    /** A curve chart, as {@code report.js} reads it. */
    private record Chart(String id, String x, String y, List<Series> series) {}

    private record Series(String mode, List<Point> points) {}

    private record Point(double x, double y, String hover) {}

    /** The page, as UTF-8 text. */
    static String of(Report report) {
        String chartJs = resource("/META-INF/resources/webjars/chart.js/" + new BuildProperties().chartJsVersion()
                        + "/dist/chart.umd.min.js")
                .replaceAll("(?m)^//# sourceMappingURL=.*$", "");
        Map<String, String> parts = Map.of(
                "title", escape(report.title()),
                "subtitle", escape(report.subtitle()),
                "machine", escape(report.machine()),
                "table", table(report.results()),
                "texts", report.texts().stream().map(ReportPage::shaded).collect(Collectors.joining()),
                "notes",
                        report.notes().stream()
                                .map(note -> "<p>" + escape(note) + "</p>\n")
                                .collect(Collectors.joining()),
                "css", resource("report.css"),
                "script", resource("report.js"),
                "chartjs", chartJs,
                "charts", Json.line(charts(report.results())).replace("<", "\\u003c"));
        return PLACEHOLDER
                .matcher(resource("report.html"))
                .replaceAll(match -> Matcher.quoteReplacement(parts.get(match.group(1))));
    }

    private static List<Chart> charts(Results results) {
        String quality = "cosine to the dense model";
        return List.of(
                new Chart(
                        "flops",
                        "MFLOPs per token",
                        quality,
                        series(results, row -> row.flopsPerToken() / 1e6, "MFLOPs/token")),
                new Chart(
                        "millis",
                        "milliseconds per text of " + results.longTokens() + " tokens",
                        quality,
                        series(results, Row::millisLong, "ms")));
    }

    private static List<Series> series(Results results, ToDoubleFunction<Row> x, String unit) {
        List<Series> all = new ArrayList<>();
        for (Row.Mode mode : Row.Mode.values()) {
            List<Point> points = results.rows().stream()
                    .filter(row -> row.mode() == mode)
                    .map(row -> new Point(x.applyAsDouble(row), row.cosine(), hover(row, x.applyAsDouble(row), unit)))
                    .toList();
            if (!points.isEmpty()) {
                all.add(new Series(mode.label(), points));
            }
        }
        return all;
    }

    private static String hover(Row row, double x, String unit) {
        String budget = row.mode() == Row.Mode.DENSE ? "" : String.format(Locale.ROOT, " at budget %.2f", row.budget());
        return String.format(
                Locale.ROOT, "%s%s: %.2f %s, cosine %.4f", row.mode().label(), budget, x, unit, row.cosine());
    }

    private static String table(Results results) {
        var html = new StringBuilder("<table>\n<thead><tr>");
        results.columns()
                .forEach(column ->
                        html.append("<th>").append(escape(column.title())).append("</th>"));
        html.append("</tr></thead>\n<tbody>\n");
        for (Row row : results.rows()) {
            html.append("<tr class=\"").append(row.mode().label()).append("\" title=\"");
            html.append(escape(row.mode().meaning())).append("\">");
            results.columns()
                    .forEach(column -> html.append("<td>")
                            .append(escape(column.value().apply(row)))
                            .append("</td>"));
            html.append("</tr>\n");
        }
        return html.append("</tbody>\n</table>\n").toString();
    }

    /** A sentence as columns, one a token: the token shaded by its mean, and under it a cell for each layer. */
    private static String shaded(ShadedText text) {
        int layers = text.learnersByLayer().length;
        var html = new StringBuilder("<div class=\"text\">\n<div class=\"labels\"><b>mean</b>");
        IntStream.rangeClosed(1, layers)
                .forEach(layer -> html.append("<i>layer ").append(layer).append("</i>"));
        html.append("</div>\n");
        for (int token = 0; token < text.tokens().size(); token++) {
            if (token == 0 || !text.tokens().get(token).startsWith("##")) {
                html.append(token == 0 ? "" : "</div>\n").append("<div class=\"word\">");
            }
            html.append(token(text, token));
        }
        return html.append("</div>\n</div>\n").toString();
    }

    private static String token(ShadedText text, int token) {
        String piece = text.tokens().get(token);
        String content = escape(piece.startsWith("##") ? piece.substring(2) : piece);
        int[][] learners = text.learnersByLayer();
        double mean = Arrays.stream(learners)
                .mapToInt(layer -> layer[token])
                .average()
                .orElse(0);
        var html = new StringBuilder("<div class=\"token\">");
        html.append(cell("b", mean, text.maxLearners(), content + ": mean", content));
        for (int layer = 0; layer < learners.length; layer++) {
            int count = learners[layer][token];
            html.append(cell("i", count, text.maxLearners(), content + ", layer " + (layer + 1) + ":", "" + count));
        }
        return html.append("</div>").toString();
    }

    private static String cell(String tag, double learners, int maxLearners, String hover, String content) {
        double share = maxLearners == 0 ? 0 : learners / maxLearners;
        return String.format(
                Locale.ROOT,
                "<%s style=\"--share:%.3f\"%s title=\"%s %s of %d learners\">%s</%s>",
                tag,
                share,
                share > DARK_SHADE ? " class=\"dark\"" : "",
                hover,
                learners == Math.rint(learners)
                        ? "%.0f".formatted(learners)
                        : String.format(Locale.ROOT, "%.1f", learners),
                maxLearners,
                content,
                tag);
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }

    private static String resource(String name) {
        try (var in = ReportPage.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(name + " cannot be read", e);
        }
    }
}
