package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.cli.Report.ShadedRecording;
import io.tokenwise.cli.Report.ShadedText;
import io.tokenwise.cli.Row.Mode;
import io.tokenwise.distill.History;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class ReportTest {
    private static final Row DENSE =
            new Row(Mode.DENSE, 1, Double.NaN, 21.3e6, 3.25, 24.5, 1, 1, OptionalDouble.of(0.8672));
    private static final Row HALF =
            new Row(Mode.LEARNED, 0.5, 3.97, 14.2e6, 2.5, 17.125, 0.953, 0.874, OptionalDouble.empty());

    private static Report report(List<Row> rows, ShadedText... texts) {
        return report(rows, List.of(), texts);
    }

    private static Report report(List<Row> rows, List<ShadedRecording> recordings, ShadedText... texts) {
        return new Report(
                "A \"run\" & <more>",
                "sub",
                "machine",
                Results.ofTexts(16, 128, "mean learners", rows),
                new ModuleLearners(List.of()),
                new History(),
                List.of(texts),
                List.of(),
                recordings,
                "Shaded tokens.",
                List.of("note"));
    }

    private static String table(Row... rows) {
        var results = Results.ofTexts(16, 128, "mean learners", List.of(rows));
        return TextTable.of(results.rows(), results.columns());
    }

    private static ShadedText text(String... tokens) {
        List<String> modules = List.of("layer 1 Q, K", "layer 1 V, O", "layer 1 MLP");
        int[][] learners = new int[modules.size()][tokens.length];
        for (int module = 0; module < learners.length; module++) {
            for (int token = 0; token < tokens.length; token++) {
                learners[module][token] = (3 * module + token) % 9;
            }
        }
        return new ShadedText(List.of(tokens), modules, learners, 8);
    }

    @Test
    void theTableIsAligned() {
        assertThat(table(DENSE, HALF).lines())
                .containsExactly(
                        "mode     budget  mean learners  MFLOPs/token  ms at 16 tokens  ms at 128 tokens  cosine to dense  top 10 kept  Spearman",
                        "dense      1.00              -         21.30             3.25             24.50           1.0000      100.0 %    0.8672",
                        "learned    0.50           3.97         14.20             2.50             17.13           0.9530       87.4 %         -");
    }

    @Test
    void aColumnThatNoRowFillsIsLeftOut() {
        assertThat(table(HALF)).doesNotContain("Spearman");
    }

    @Test
    void thePageNeedsNothingFromOutside() {
        String page = ReportPage.of(report(List.of(DENSE, HALF), text("a", "b")));
        assertThat(page).doesNotContainPattern("<(script|img|link|iframe)[^>]+(src|href)=\"(?!data:)");
        assertThat(page).doesNotContain("@import", "url(", "sourceMappingURL", "{{");
        assertThat(page.split("</script>", -1)).hasSize(4);
    }

    @Test
    void thePageShowsTableAndCurves() {
        String page = ReportPage.of(report(List.of(DENSE, HALF)));
        assertThat(page).contains("<th>MFLOPs/token</th>", "<td>14.20</td>", "<td>0.9530</td>");
        assertThat(page).contains("\"id\":\"flops\"", "\"x\":14.2,\"y\":0.953");
        assertThat(page).contains("\"id\":\"millis\"", "learned at budget 0.50: 17.13 ms, cosine 0.9530");
    }

    @Test
    void everyTokenIsShadedByItsLearners() {
        String page = ReportPage.of(report(List.of(DENSE), text("token", "##wise")));
        assertThat(page).contains(">wise</b>").doesNotContain("##wise");
        assertThat(page)
                .contains(
                        "title=\"token, layer 1 MLP: 6 of 8 learners\">6</i>", "title=\"wise: mean 4 of 8 learners\"");
        assertThat(page).contains("--share:0.750\" class=\"dark\" title=\"token, layer 1 MLP:");
        assertThat(page).contains("<b>mean</b><i>layer 1 Q, K</i><i>layer 1 V, O</i><i>layer 1 MLP</i></div>");
    }

    @Test
    void aTokenStaysOrLeaves() {
        var text = new ShadedText(List.of("the", "cat"), List.of("tokens"), new int[][] {{0, 1}}, 1);
        assertThat(ReportPage.of(report(List.of(DENSE), text)))
                .contains("title=\"the: leaves\">the</b>", "title=\"cat: stays\">cat</b>")
                .doesNotContain("of 1 learners");
    }

    @Test
    void aRecordingHasItsWordsAboveItsPicture() {
        var recordings = List.of(new ShadedRecording("Come & see.", new byte[] {1, 2, 3}));
        assertThat(ReportPage.of(report(List.of(DENSE), recordings)))
                .containsPattern("<figcaption>Come &amp; see.</figcaption>\\s*<div><img [^>]*base64,AQID\"");
    }

    @Test
    void whatComesFromOutsideIsEscaped() {
        String page = ReportPage.of(
                report(List.of(DENSE), text("<script>alert(1)</script>", "\" onload='x'", "{{css}}", "$1")));
        assertThat(page).contains("<h1>A &quot;run&quot; &amp; &lt;more&gt;</h1>");
        assertThat(page)
                .contains(
                        "&lt;script&gt;alert(1)&lt;/script&gt;",
                        "&quot; onload=&#39;x&#39;",
                        ">{{css}}</b>",
                        ">$1</b>");
        assertThat(page).doesNotContain("<script>alert", "onload='x'");
    }

    @Test
    void learnersMustMatchTheTokens() {
        List<String> modules = List.of("layer 1 MLP", "layer 2 MLP");
        assertThatThrownBy(() -> new ShadedText(List.of("a", "b"), modules, new int[][] {{1, 2}, {3}}, 8))
                .hasMessage("report: layer 2 MLP has learners of 1 tokens, but the text has 2");
        assertThatThrownBy(() -> new ShadedText(List.of("a", "b"), modules, new int[][] {{1, 2}}, 8))
                .hasMessage("report: there are learners of 1 modules, but names of 2");
    }
}
