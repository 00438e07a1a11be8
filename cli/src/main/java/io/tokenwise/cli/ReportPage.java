package io.tokenwise.cli;

import static java.util.Map.entry;

import io.tokenwise.cli.Report.ShadedImage;
import io.tokenwise.cli.Report.ShadedRecording;
import io.tokenwise.cli.Report.ShadedText;
import io.tokenwise.cli.ReportCharts.Chart;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Writes a {@link Report} as one HTML page that needs nothing else: style, data and the chart library are inside. */
final class ReportPage {
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{(\\w+)}}");

    /** From this share of all learners on, text on the shade is drawn in the colour for dark shades. */
    private static final double DARK_SHADE = 0.6;

    private ReportPage() {}

    /** The page, as UTF-8 text. */
    static String of(Report report) {
        String chartJs = resource("/META-INF/resources/webjars/chart.js/" + new BuildProperties().chartJsVersion()
                        + "/dist/chart.umd.min.js")
                .replaceAll("(?m)^//# sourceMappingURL=.*$", "");
        List<Chart> charts = ReportCharts.of(report);
        Map<String, String> parts = Map.ofEntries(
                entry("title", escape(report.title())),
                entry("subtitle", escape(report.subtitle())),
                entry("machine", escape(report.machine())),
                entry("figures", charts.stream().map(ReportPage::figure).collect(Collectors.joining())),
                entry("table", table(report.results())),
                entry(
                        "work",
                        report.modules().tokensLeave()
                                ? "The share of tokens that stay at each budget."
                                : "Learners that a token gets in each module, on average, at each budget."),
                entry("modules", modules(report.modules())),
                entry("texts", report.texts().stream().map(ReportPage::shaded).collect(Collectors.joining())),
                entry("images", images(report.images())),
                entry("recordings", recordings(report.recordings())),
                entry("tokens", report.shading()),
                entry(
                        "notes",
                        report.notes().stream()
                                .map(note -> "<p>" + escape(note) + "</p>\n")
                                .collect(Collectors.joining())),
                entry("css", resource("report.css")),
                entry("script", resource("report.js")),
                entry("chartjs", chartJs),
                entry("charts", Json.line(charts).replace("<", "\\u003c")));
        return PLACEHOLDER
                .matcher(resource("report.html"))
                .replaceAll(match -> Matcher.quoteReplacement(parts.get(match.group(1))));
    }

    private static String figure(Chart chart) {
        return "<figure><figcaption>" + escape(chart.title()) + "</figcaption><div><canvas id=\"" + chart.id()
                + "\"></canvas></div></figure>\n";
    }

    /** A line a module, a column a budget; shaded like the tokens. */
    private static String modules(ModuleLearners learners) {
        var html = new StringBuilder("<table class=\"modules\">\n<thead><tr><th>module</th>");
        learners.budgets()
                .forEach(budget ->
                        html.append("<th>").append(Column.fixed(budget, 2)).append("</th>"));
        html.append("</tr></thead>\n<tbody>\n");
        for (String module : learners.modules()) {
            String name = escape(ModuleName.of(module));
            html.append("<tr><td>").append(name).append("</td>");
            for (double mean : learners.means(module)) {
                html.append("<td>")
                        .append(cell(
                                "i",
                                mean,
                                learners.learners(module),
                                name + ":",
                                Column.fixed(mean, learners.tokensLeave() ? 2 : 1)))
                        .append("</td>");
            }
            html.append("</tr>\n");
        }
        return html.append("</tbody>\n</table>\n").toString();
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

    /** A sentence as columns, one a token: the token shaded by its mean, and under it a cell for each module. */
    private static String shaded(ShadedText text) {
        var html = new StringBuilder("<div class=\"text\">\n<div class=\"labels\"><b>mean</b>");
        text.modules()
                .forEach(module -> html.append("<i>").append(escape(module)).append("</i>"));
        html.append("</div>\n");
        for (int token = 0; token < text.tokens().size(); token++) {
            if (token == 0 || !text.tokens().get(token).startsWith("##")) {
                html.append(token == 0 ? "" : "</div>\n").append("<div class=\"word\">");
            }
            html.append(token(text, token));
        }
        return html.append("</div>\n</div>\n").toString();
    }

    private static String images(List<ShadedImage> images) {
        if (images.isEmpty()) {
            return "";
        }
        return images.stream()
                .map(image -> "<figure>" + picture(image.png()) + caption(image.caption()) + "</figure>\n")
                .collect(Collectors.joining("", "<div class=\"images\">\n", "</div>\n"));
    }

    /** Each with its words above, one below the other: a long one is wider than the page, and scrolls. */
    private static String recordings(List<ShadedRecording> recordings) {
        return recordings.stream()
                .map(recording -> "<figure class=\"recording\">" + caption(recording.words()) + "<div>"
                        + picture(recording.png()) + "</div></figure>\n")
                .collect(Collectors.joining());
    }

    private static String picture(byte[] png) {
        return "<img alt=\"\" src=\"data:image/png;base64,"
                + Base64.getEncoder().encodeToString(png) + "\">";
    }

    private static String caption(String text) {
        return "<figcaption>" + escape(text) + "</figcaption>";
    }

    private static String token(ShadedText text, int token) {
        String piece = text.tokens().get(token);
        String content = escape(piece.startsWith("##") ? piece.substring(2) : piece);
        int[][] learners = text.learnersByModule();
        double mean = Arrays.stream(learners)
                .mapToInt(module -> module[token])
                .average()
                .orElse(0);
        var html = new StringBuilder("<div class=\"token\">");
        String of = learners.length == 1 ? ":" : ": mean";
        html.append(cell("b", mean, text.maxLearners(), content + of, content));
        for (int module = 0; module < learners.length; module++) {
            int count = learners[module][token];
            String name = escape(text.modules().get(module));
            html.append(cell("i", count, text.maxLearners(), content + ", " + name + ":", "" + count));
        }
        return html.append("</div>").toString();
    }

    private static String cell(String tag, double learners, int maxLearners, String hover, String content) {
        double share = maxLearners == 0 ? 0 : learners / maxLearners;
        return String.format(
                Locale.ROOT,
                "<%s style=\"--share:%.3f\"%s title=\"%s %s\">%s</%s>",
                tag,
                share,
                share > DARK_SHADE ? " class=\"dark\"" : "",
                hover,
                amount(learners, maxLearners),
                content,
                tag);
    }

    /** In words. Who has one learner is a token that stays or leaves. */
    private static String amount(double learners, int maxLearners) {
        boolean isWhole = learners == Math.rint(learners);
        if (maxLearners == 1) {
            return isWhole
                    ? learners == 0 ? "leaves" : "stays"
                    : String.format(Locale.ROOT, "%.0f %% stay", 100 * learners);
        }
        return String.format(
                Locale.ROOT, isWhole ? "%.0f of %d learners" : "%.1f of %d learners", learners, maxLearners);
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
