package io.tokenwise.bench;

import io.tokenwise.bench.FrontierResults.Comparison;
import io.tokenwise.bench.FrontierResults.Measure;
import io.tokenwise.bench.FrontierResults.Row;
import io.tokenwise.bench.FrontierResults.Verdict;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Writes {@link FrontierResults} as one HTML page that needs nothing else: style and pictures are inside. */
final class FrontierPage {
    /** What is drawn: cosines say little that these do not. */
    static final List<Metric> DRAWN =
            List.of(Metric.NDCG_CRANFIELD, Metric.NDCG_GLOSSES, Metric.SPEARMAN_STS, Metric.ACCURACY_CLASSES);

    private final FrontierResults results;
    private final StringBuilder html = new StringBuilder();

    private FrontierPage(FrontierResults results) {
        this.results = results;
    }

    static String of(FrontierResults results) {
        return new FrontierPage(results).page();
    }

    private String page() {
        add("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Quality at equal time</title>");
        add(
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><style>%s</style></head><body>",
                css());
        add(
                "<h1>Quality at equal time</h1><p>%s, Java %s, one thread. Time 1 is %s in the same run.</p>",
                escape(results.cpu()), escape(results.jdk()), escape(results.base()));
        verdicts();
        DRAWN.stream()
                .filter(metric -> results.metrics().containsKey(metric.key()))
                .forEach(metric -> add("<figure>%s</figure>", new FrontierPicture(results, metric.key()).svg()));
        add("<h2>All figures</h2><p>After ± the standard error over queries or texts; * has seen WordNet's texts.</p>");
        results.lengths().forEach(this::figures);
        add("<h2>Ours and each rival at equal time</h2><p>At the times of our own settings. Difference is ours less the"
                + " rival's, with its 95 %% interval; bold where the interval is on one side of 0. Rivals that have nothing so"
                + " fast are not in the table.</p>");
        results.lengths().forEach(this::comparisons);
        add("<h2>How it was done</h2><ul>");
        results.notes().forEach(note -> add("<li>%s</li>", escape(note)));
        add("</ul></body></html>");
        return html.toString();
    }

    private void verdicts() {
        add("<h2>The threshold, written down before measuring</h2><p>%s</p>", escape(EqualTime.THRESHOLD));
        if (results.verdicts().isEmpty()) {
            add("<p>Not judged: neither 128 tokens nor bulk was measured.</p>");
            return;
        }
        add(
                "<table><thead><tr><th>texts</th><th>time</th><th>by</th><th>holds</th><th>figures</th></tr></thead><tbody>");
        for (Verdict verdict : results.verdicts()) {
            String holds = verdict.holds() == null ? "not judged" : verdict.holds() ? "yes" : "no";
            add(
                    "<tr class=\"%s\"><td>%s</td><td>%.2f</td><td>%s</td><td><b>%s</b></td><td>%s</td></tr>",
                    holds.replace(' ', '-'),
                    escape(verdict.length()),
                    verdict.timeShare(),
                    escape(results.metrics().get(verdict.metric())),
                    holds,
                    escape(verdict.sentence()));
        }
        add("</tbody></table>");
    }

    private void figures(String length) {
        add(
                "<h3>%s</h3><div class=\"wide\"><table><thead><tr><th>way</th><th>setting</th><th>time</th><th>p50, µs</th>"
                        + "<th>CPU s for 1,000 texts</th><th>tokens a text</th>%s</tr></thead><tbody>",
                heading(length),
                results.metrics().values().stream()
                        .map(label -> "<th>" + escape(label) + "</th>")
                        .collect(Collectors.joining()));
        for (Row row : results.of(length)) {
            add(
                    "<tr class=\"%s\"><td>%s%s</td><td>%s</td><td>%.3f</td><td>%.0f</td><td>%.3f</td><td>%.1f</td>%s</tr>",
                    row.kind(),
                    escape(row.label()),
                    row.inDomain() ? " *" : "",
                    escape(row.setting()),
                    row.timeShare(),
                    row.p50Micros(),
                    row.cpuSecondsPerThousand(),
                    row.tokensPerText(),
                    results.metrics().keySet().stream()
                            .map(metric -> measure(row.quality().get(metric)))
                            .collect(Collectors.joining()));
        }
        add("</tbody></table></div>");
    }

    private static String measure(Measure measure) {
        return measure == null
                ? "<td></td>"
                : format("<td>%.4f <small>± %.4f</small></td>", measure.value(), measure.standardError());
    }

    private void comparisons(String length) {
        List<Comparison> here = results.comparisons().stream()
                .filter(comparison -> comparison.length().equals(length))
                .toList();
        if (here.isEmpty()) {
            return;
        }
        Map<String, String> labels =
                results.rows().stream().collect(Collectors.toMap(Row::series, Row::label, (first, _) -> first));
        add(
                "<h3>%s</h3><table><thead><tr><th>by</th><th>time</th><th>rival</th><th>dense</th><th>ours</th><th>rival</th>"
                        + "<th>difference</th><th>at most half its loss</th></tr></thead><tbody>",
                heading(length));
        for (Comparison c : here) {
            String difference = format("%+.4f (%+.4f to %+.4f)", c.difference(), c.low(), c.high());
            add(
                    "<tr><td>%s</td><td>%.3f</td><td>%s</td><td>%.4f</td><td>%.4f</td><td>%.4f</td><td>%s</td><td>%s</td></tr>",
                    escape(results.metrics().get(c.metric())),
                    c.timeShare(),
                    escape(labels.get(c.rival())),
                    c.dense(),
                    c.ours(),
                    c.theirs(),
                    c.low() > 0 || c.high() < 0 ? "<b>" + difference + "</b>" : difference,
                    c.halfTheirLoss() ? "yes" : "no");
        }
        add("</tbody></table>");
    }

    private static String heading(String length) {
        return length.equals(TimedTexts.BULK) ? "Bulk" : escape(length) + " tokens";
    }

    private void add(String format, Object... values) {
        html.append(format(format, values)).append('\n');
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    static String css() {
        try (InputStream in = FrontierPage.class.getResourceAsStream("frontier.css")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("frontier.css cannot be read", e);
        }
    }
}
