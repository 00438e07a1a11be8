package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.bench.FrontierResults.Comparison;
import io.tokenwise.bench.FrontierResults.Measure;
import io.tokenwise.bench.FrontierResults.Row;
import io.tokenwise.bench.FrontierResults.Verdict;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class FrontierPageTest {
    private static final String METRIC = Metric.NDCG_CRANFIELD.key();

    private static Row row(String name, String series, String kind, String setting, double time, double quality) {
        return new Row(
                "128",
                name,
                series,
                series + " <b>",
                kind,
                setting,
                series.equals("words"),
                kind.equals("ours"),
                90,
                time,
                1000 * time,
                time,
                Map.of(METRIC, new Measure(quality, 0.01)));
    }

    private static final FrontierResults RESULTS = new FrontierResults(
            "a processor",
            "25",
            "dense-s8",
            List.of("A note & more."),
            Map.of(METRIC, Metric.NDCG_CRANFIELD.label()),
            List.of(
                    row("ours-0.5", "ours", "ours", "0.5", 0.6, 0.48),
                    row("ours-1.0", "ours", "ours", "1.0", 1.01, 0.5),
                    row("dense-s8", "dense-s8", "dense", "", 1, 0.5),
                    row("words-0.5", "words", "rival", "0.5", 0.55, 0.47),
                    row("static", "static", "rival", "", 0.002, 0.3)),
            List.of(new Comparison("128", 0.6, METRIC, "words", 0.5, 0.48, 0.473, 0.007, 0.001, 0.012, false)),
            List.of(new Verdict("128", 0.7, METRIC, "words", false, "ours loses more")));

    @Test
    void everyRowIsAPointAndThoseBeyondAreTriangles() throws Exception {
        String svg = new FrontierPicture(RESULTS, METRIC).svg();
        Document document = DocumentBuilderFactory.newDefaultInstance()
                .newDocumentBuilder()
                .parse(new InputSource(new StringReader(svg)));
        assertThat(document.getElementsByTagName("circle").getLength())
                .as("ours, and in the legend")
                .isEqualTo(2 + 1);
        assertThat(document.getElementsByTagName("polygon").getLength())
                .as("others")
                .isEqualTo(3 + 3);
        assertThat(svg).contains("128 tokens", "0.300 at 0.002", "words &lt;b&gt;");
    }

    @Test
    void thePictureIsAPngOfTheSameSizeTwice(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("a.png");
        var picture = new FrontierPicture(RESULTS, METRIC);
        picture.writePng(file);
        var image = ImageIO.read(file.toFile());
        assertThat(picture.svg()).contains("width=\"" + image.getWidth() / 2 + "\" height=\"" + image.getHeight() / 2);
    }

    @Test
    void thePageHasTheVerdictAllRowsAndTheNotes() {
        String page = FrontierPage.of(RESULTS);
        assertThat(page)
                .contains("<td><b>no</b></td><td>ours loses more</td>")
                .contains("ours &lt;b&gt; *</td><td>0.5</td><td>0.600</td><td>600</td>")
                .contains("0.4700 <small>± 0.0100</small>", "<b>+0.0070 (+0.0010 to +0.0120)</b>", "A note &amp; more.")
                .doesNotContain("http://localhost", "<script", "<link");
    }

    @Test
    void theJsonHasWhatOthersRead() {
        JsonNode json = new JsonMapper().readTree(RESULTS.asJson());
        JsonNode row = json.path("rows").path(0);
        assertThat(row.path("timeShare").asDouble()).isEqualTo(0.6);
        assertThat(row.path("p50Micros").asDouble()).isEqualTo(600);
        assertThat(row.path("quality").path(METRIC).path("standardError").asDouble())
                .isEqualTo(0.01);
        assertThat(json.path("comparisons").path(0).path("low").asDouble()).isEqualTo(0.001);
        assertThat(json.path("verdicts").path(0).path("holds").asBoolean()).isFalse();
    }
}
