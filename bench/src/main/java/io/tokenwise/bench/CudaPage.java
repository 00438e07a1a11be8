package io.tokenwise.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Writes {@link CudaResults} for people: as one HTML page that needs nothing else, and as text. */
final class CudaPage {
    /** In front of each head where no card was there. */
    private static final String SIMULATED = "SIMULATED: ";

    private final CudaResults results;
    private final String mark;

    private CudaPage(CudaResults results) {
        this.results = results;
        mark = results.simulated() ? SIMULATED : "";
    }

    static String html(CudaResults results) {
        return new CudaPage(results).html();
    }

    static String text(CudaResults results) {
        return new CudaPage(results).text();
    }

    private String title() {
        return mark + "Tokenwise on CUDA";
    }

    private String verdict() {
        int all = results.checks().size();
        long missed = results.checks().stream().filter(check -> !check.holds()).count();
        String checks = all == 0
                ? "No check ran"
                : missed == 0 ? "All " + all + " checks hold" : missed + " of " + all + " checks do not hold";
        String parts = results.failures().isEmpty()
                ? ""
                : ", and " + results.failures().size() + " parts failed";
        return checks
                + parts
                + (results.simulated()
                        ? ". No card was there: the kernels ran on the CPU, by a test tool, and no speed is shown."
                        : ".");
    }

    /** Checks as a table like the others. */
    private CudaTable checks() {
        List<CudaTable.Column> columns = List.of(
                CudaTable.label("what"),
                CudaTable.label("precision"),
                CudaTable.label("largest difference"),
                CudaTable.label("bound"),
                CudaTable.label("holds"));
        List<List<Object>> rows = results.checks().stream()
                .map(check -> List.<Object>of(
                        check.name(), check.precision(), check.found(), check.most(), check.holds() ? "yes" : "NO"))
                .toList();
        return new CudaTable(
                "Checks",
                "Against our own float32 kernels on the CPU, or the device against itself; differences are shares of a result's largest value,"
                        + " or of a vector of length 1.",
                columns,
                rows);
    }

    private List<CudaTable> tables() {
        var all = new ArrayList<CudaTable>();
        all.add(checks());
        all.addAll(results.tables());
        return all;
    }

    // ---- HTML

    private String html() {
        var html = new StringBuilder();
        html.append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>"
                + FrontierPage.escape(title())
                + "</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><style>"
                + FrontierPage.css()
                + "</style></head><body>\n<h1>" + FrontierPage.escape(title()) + "</h1><p>"
                + FrontierPage.escape(verdict()) + "</p>\n<table>");
        results.machine()
                .forEach(fact -> html.append("<tr><th>" + FrontierPage.escape(fact.name()) + "</th><td>"
                        + FrontierPage.escape(fact.value()) + "</td></tr>\n"));
        html.append("</table>\n");
        tables().forEach(table -> html(html, table));
        list(html, "Failed", results.failures());
        list(html, "Left out", results.notes());
        return html.append("</body></html>\n").toString();
    }

    private static void list(StringBuilder html, String title, List<String> sentences) {
        if (!sentences.isEmpty()) {
            html.append("<h2>" + title + "</h2><ul>\n");
            sentences.forEach(sentence -> html.append("<li>" + FrontierPage.escape(sentence) + "</li>\n"));
            html.append("</ul>\n");
        }
    }

    private void html(StringBuilder html, CudaTable table) {
        html.append("<h2>" + FrontierPage.escape(mark + table.title()) + "</h2><p>" + FrontierPage.escape(table.note())
                + "</p><div class=\"wide\"><table><thead><tr>");
        table.columns().forEach(column -> html.append("<th>" + FrontierPage.escape(mark + column.name()) + "</th>"));
        html.append("</tr></thead><tbody>\n");
        for (List<Object> row : table.rows()) {
            html.append("<tr>"
                    + row.stream()
                            .map(value -> "<td>" + FrontierPage.escape(CudaTable.text(value)) + "</td>")
                            .collect(Collectors.joining())
                    + "</tr>\n");
        }
        html.append("</tbody></table></div>\n");
    }

    // ---- text

    private String text() {
        var text = new StringBuilder();
        text.append(line("%s", title()));
        results.machine().forEach(fact -> text.append(line("- %s: %s", fact.name(), fact.value())));
        text.append(line("%s", verdict()));
        tables().forEach(table -> text(text, table));
        results.failures().forEach(failure -> text.append(line("- FAILED: %s", failure)));
        results.notes().forEach(note -> text.append(line("- %s", note)));
        return text.toString();
    }

    private void text(StringBuilder text, CudaTable table) {
        text.append(line("%n%s%n%s", mark + table.title(), table.note()));
        int count = table.columns().size();
        var lines = new ArrayList<List<String>>();
        lines.add(table.columns().stream().map(CudaTable.Column::name).toList());
        table.rows()
                .forEach(row -> lines.add(
                        row.stream().map(value -> CudaTable.text(value)).toList()));
        var widths = new int[count];
        for (List<String> cells : lines) {
            for (int i = 0; i < count; i++) {
                widths[i] = Math.max(widths[i], cells.get(i).length());
            }
        }
        for (List<String> cells : lines) {
            var row = new StringBuilder();
            for (int i = 0; i < count; i++) {
                // What is first names the row.
                String format = (i == 0 ? "%-" : "%") + Math.max(1, widths[i]) + "s  ";
                row.append(String.format(Locale.ROOT, format, cells.get(i)));
            }
            text.append(line("%s", row.toString().stripTrailing()));
        }
    }

    private static String line(String format, Object... values) {
        return String.format(Locale.ROOT, format, values) + System.lineSeparator();
    }
}
