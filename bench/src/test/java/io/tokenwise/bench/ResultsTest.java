package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ResultsTest {
    private static final Scenario SCENARIO =
            new Scenario("query-16", "one text", 1, List.of(List.of(new int[16]), List.of(new int[16])));

    /** A contender whose calls take so long. */
    static Results.Row row(String name, String engine, String precision, double budget, long micros, Quality quality) {
        String model = name.startsWith("acm") ? "acm" : "dense";
        var contender = new Contender(
                name,
                "label of " + name,
                engine,
                model,
                budget,
                "cpu",
                precision,
                true,
                false,
                _ -> budget,
                () -> null);
        var timing = new Race.Timing(contender, new long[] {micros * 1000}, 16e6 / micros, 1.25, 1600, 0.5);
        return Results.Row.of(SCENARIO, 1, timing, quality);
    }

    static final Results RESULTS = new Results(
            "a processor",
            "25",
            List.of("a note"),
            List.of(
                    row("onnxruntime-f32", "onnxruntime", "f32", 1, 1000, null),
                    row("onnxruntime-int8", "onnxruntime", "int8", 1, 400, new Quality(0.8661, 0.99, 0.97)),
                    row("dense-vector-f32", "tokenwise", "f32", 1, 2000, new Quality(null, 1, 1)),
                    row("dense-onednn-s8", "tokenwise", "s8", 1, 200, null),
                    row("acm-onednn-s8-0.5", "tokenwise", "s8", 0.5, 100, null)),
            List.of(new PeakMemory("dense-vector-f32", "label", "bulk", 1, 100 << 20, 200 << 20)));

    @Test
    void jsonKeepsItsShape() {
        assertThat(RESULTS.asJson())
                .startsWith("{\"cpu\":\"a processor\",\"jdk\":\"25\",\"notes\":[\"a note\"],\"rows\":[{"
                        + "\"scenario\":\"query-16\",\"engine\":\"onnxruntime\",\"model\":\"dense\",\"budget\":1.0,"
                        + "\"backend\":\"cpu\",\"precision\":\"f32\",\"threads\":1,\"p50Micros\":1000.0,"
                        + "\"p95Micros\":1000.0,\"p99Micros\":1000.0,\"tokensPerSecond\":16000.0,"
                        + "\"label\":\"label of onnxruntime-f32\",\"cosine\":0.5,\"calls\":1,\"heapBytesPerCall\":1600,"
                        + "\"name\":\"onnxruntime-f32\",\"callers\":1,\"cpuSecondsPerThousandTexts\":1.25,"
                        + "\"spearman\":null,\"meanCosine\":null,\"lowestCosine\":null,\"spent\":1.0},")
                .endsWith("\"memory\":[{\"name\":\"dense-vector-f32\",\"label\":\"label\",\"scenario\":\"bulk\","
                        + "\"threads\":1,\"loadedBytes\":104857600,\"peakBytes\":209715200}]}")
                .doesNotContain("\n");
        assertThat(Results.fromJson(RESULTS.asJson())).isEqualTo(RESULTS);
    }

    @Test
    void theTableHasRatiosToBothPeersAndToOurOwnDenseModelInTheSamePrecision() {
        List<String> lines = RESULTS.asTable().lines().toList();
        assertThat(lines).startsWith("a processor, JDK 25", "- a note", "");
        assertThat(lines.get(3).replaceAll("\\s+", " "))
                .isEqualTo(
                        "query-16, 1 thread budget spent p50 us p95 us p99 us tokens/s CPU s/1k x f32 x int8 x dense cosine"
                                + " mean c low c STS-B heap B");
        assertThat(cells(lines.get(4)))
                .containsExactly(
                        "label of onnxruntime-f32",
                        "1000",
                        "1000",
                        "1000",
                        "16000",
                        "1.25",
                        "1.00",
                        "0.40",
                        "2.00",
                        "0.5000",
                        "1600");
        assertThat(cells(lines.get(5))).contains("0.9900", "0.9700", "0.8661");
        assertThat(cells(lines.get(6))).contains("1.0000").doesNotContain("0.8661");
        assertThat(cells(lines.get(8)))
                .startsWith("label of acm-onednn-s8-0.5", "0.50", "0.500", "100")
                .contains("10.00", "4.00", "2.00");
        assertThat(cells(lines.get(10))).containsExactly("peak memory, MiB", "threads", "after load", "at the end");
        assertThat(cells(lines.get(11))).containsExactly("label", "1", "100", "200");
        assertThat(lines).hasSize(12);
    }

    private static List<String> cells(String line) {
        return List.of(line.strip().split("\\s{2,}|(?<=\\d) (?=\\d)"));
    }
}
