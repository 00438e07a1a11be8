package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.StringReader;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class PictureTest {
    private static Results results(Results.Row... rows) {
        return new Results("a processor", "25", List.of(), List.of(rows), List.of());
    }

    private static Results.Row row(String name, String engine, double budget, long micros, double spearman) {
        return ResultsTest.row(name, engine, "f32", budget, micros, new Quality(spearman, 1, 1));
    }

    @Test
    void everyEngineAndBudgetIsOnePoint() throws Exception {
        String svg = Picture.svg(results(
                row("onnxruntime-f32", "onnxruntime", 1, 4000, 0.867),
                row("dense <f32>", "tokenwise", 1, 3000, 0.867),
                row("acm", "tokenwise", 0.25, 1500, 0.85),
                row("acm", "tokenwise", 0.5, 2000, 0.86)));
        Document document = DocumentBuilderFactory.newDefaultInstance()
                .newDocumentBuilder()
                .parse(new InputSource(new StringReader(svg)));
        int inLegend = 1;
        assertThat(document.getElementsByTagName("circle").getLength()).isEqualTo(2 + inLegend);
        assertThat(document.getElementsByTagName("polygon").getLength()).isEqualTo(2 + 2 * inLegend);
        assertThat(svg).contains("query-16", "Spearman on STS-B dev", "label of dense &lt;f32&gt;", ">0.25<", ">0.50<");
    }

    @Test
    void withoutScoresTheCosineIsDrawnAndWithoutQualityNothing() {
        Results.Row cosineOnly = ResultsTest.row("dense", "tokenwise", "f32", 1, 1000, new Quality(null, 0.99, 0.9));
        assertThat(Picture.svg(results(cosineOnly))).contains("mean cosine to the dense float32 model");
        Results bare = results(ResultsTest.row("dense", "tokenwise", "f32", 1, 1000, null));
        assertThatThrownBy(() -> Picture.svg(bare)).hasMessageContaining("nothing to draw");
    }

    @Test
    void ticksAreRoundNumbers() {
        var log = Axis.logarithmic(new double[] {0.8, 30}, 0, 100);
        assertThat(log.ticks().stream().map(log::label)).containsExactly("1", "2", "5", "10", "20");
        assertThat(log.at(10) - log.at(1)).isCloseTo(log.at(20) - log.at(2), within(1e-9));
        var linear = Axis.linear(new double[] {0.851, 0.868}, 100, 0);
        assertThat(linear.ticks().stream().map(linear::label)).contains("0.855", "0.860", "0.865");
        assertThat(linear.at(0.868)).isBetween(0.0, 100.0).isLessThan(linear.at(0.851));
    }

    @Test
    void labelsHideNeitherPointsNorEachOther() {
        var labels = new Labels(0, 0, 200, 200);
        labels.keepFree(100, 100);
        labels.keepFree(115, 100);
        double[] first = labels.place(100, 100, 4);
        double[] second = labels.place(115, 100, 4);
        assertThat(first[0] + 4 * 7).isLessThan(115 - 6);
        assertThat(second[0]).isGreaterThan(115 + 6);
        assertThat(labels.place(199, 100, 4)[0]).isLessThan(199 - 4 * 6.0);
    }
}
