package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ResultsTest {
    private static final Scenario SCENARIO =
            new Scenario("query-16", "one text", List.of(List.of(new int[16]), List.of(new int[16])));

    private static Results.Row row(String label, String engine, String model, double budget, long micros) {
        var contender =
                new Contender(label, engine, model, budget, "cpu", "f32", true, texts -> new float[texts.size()][]);
        return Results.Row.of(SCENARIO, 1, new Race.Timing(contender, new long[] {micros * 1000}, 1600, 0.5));
    }

    private static final Results RESULTS = new Results(
            "a processor",
            "25",
            List.of("a note"),
            List.of(
                    row("ONNX Runtime float32", "onnxruntime", "dense", 1, 1000),
                    row("dense", "tokenwise", "dense", 1, 2000),
                    row("acm", "tokenwise", "acm", 0.5, 800)));

    @Test
    void jsonKeepsItsShape() {
        assertThat(RESULTS.asJson())
                .startsWith("{\"cpu\":\"a processor\",\"jdk\":\"25\",\"notes\":[\"a note\"],\"rows\":[{"
                        + "\"scenario\":\"query-16\",\"engine\":\"onnxruntime\",\"model\":\"dense\",\"budget\":1.0,"
                        + "\"backend\":\"cpu\",\"precision\":\"f32\",\"threads\":1,\"p50Micros\":1000.0,"
                        + "\"p95Micros\":1000.0,\"p99Micros\":1000.0,\"tokensPerSecond\":16000.0,"
                        + "\"label\":\"ONNX Runtime float32\",\"cosine\":0.5,\"calls\":1,\"heapBytesPerCall\":1600},")
                .endsWith("}]}")
                .doesNotContain("\n");
    }

    @Test
    void theTableHasRatiosOfMedians() {
        List<String> lines = RESULTS.asTable().lines().toList();
        assertThat(lines).startsWith("a processor, JDK 25", "- a note", "");
        assertThat(lines.get(3).strip().split("\\s{2,}| (?=p\\d)"))
                .containsExactly(
                        "query-16",
                        "budget",
                        "p50 us",
                        "p95 us",
                        "p99 us",
                        "tokens/s",
                        "x ORT",
                        "x dense",
                        "cosine",
                        "heap B");
        assertThat(lines.get(4).strip().split("\\s{2,}"))
                .containsExactly(
                        "ONNX Runtime float32",
                        "1.00",
                        "1000",
                        "1000",
                        "1000",
                        "16000",
                        "1.00",
                        "2.00",
                        "0.5000",
                        "1600");
        assertThat(lines.get(6).strip().split("\\s{2,}"))
                .containsExactly("acm", "0.50", "800", "800", "800", "20000", "1.25", "2.50", "0.5000", "1600");
        assertThat(lines).hasSize(7);
    }
}
