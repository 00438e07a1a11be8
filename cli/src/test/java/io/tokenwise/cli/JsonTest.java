package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTest {
    @Test
    void evalKeepsItsShape() {
        var dense = new Json.EvalRow(
                1,
                "dense",
                "spearman",
                0.8672,
                1.0,
                null,
                1,
                2.13e7,
                3.25,
                Map.of("spearman", 0.8672),
                Map.of("spearman", 1.0),
                1,
                null,
                9.5,
                "flops",
                1);
        var random = new Json.EvalRow(
                0.5,
                "random",
                "spearman",
                0.8638,
                0.953,
                3.9,
                0.497,
                1.4e7,
                2.5,
                Map.of("spearman", 0.8638),
                Map.of("spearman", 0.9961),
                3,
                0.0012,
                7.25,
                "flops",
                0.52);
        assertThat(Json.line(new Json.Eval("sts", "6 pairs", "minilm", "vector", "f32", 2, List.of(dense, random))))
                .isEqualTo(
                        "{\"task\":\"sts\",\"data\":\"6 pairs\",\"model\":\"minilm\",\"backend\":\"vector\",\"precision\":\"f32\",\"threads\":2,"
                                + "\"rows\":[{\"budget\":1.0,\"mode\":\"dense\",\"metric\":\"spearman\",\"value\":0.8672,"
                                + "\"teacherCosine\":1.0,\"meanLearners\":null,\"spent\":1.0,\"flopsPerToken\":2.13E7,"
                                + "\"millisPerInput\":3.25,\"metrics\":{\"spearman\":0.8672},\"ofDense\":{\"spearman\":1.0},"
                                + "\"seeds\":1,\"deviation\":null,\"seconds\":9.5,\"unit\":\"flops\",\"timeShare\":1.0},"
                                + "{\"budget\":0.5,\"mode\":\"random\",\"metric\":\"spearman\",\"value\":0.8638,"
                                + "\"teacherCosine\":0.953,\"meanLearners\":3.9,\"spent\":0.497,\"flopsPerToken\":1.4E7,"
                                + "\"millisPerInput\":2.5,\"metrics\":{\"spearman\":0.8638},\"ofDense\":{\"spearman\":0.9961},"
                                + "\"seeds\":3,\"deviation\":0.0012,\"seconds\":7.25,\"unit\":\"flops\",\"timeShare\":0.52}]}");
    }

    @Test
    void infoKeepsItsShapeAndTheOrderOfBudgets() {
        Map<String, Double> flops = new LinkedHashMap<>();
        flops.put("dense", 2.13e7);
        flops.put("0.25", 1.1e7);
        assertThat(Json.line(new Json.Info(
                        "minilm",
                        6,
                        384,
                        null,
                        null,
                        22_713_216,
                        256,
                        List.of("F32"),
                        128,
                        "vector (vector-512)",
                        "f32",
                        "none: no driver",
                        flops,
                        "texts",
                        List.of(),
                        true,
                        new Json.Cost(
                                "measured here on 2026-11-28",
                                true,
                                Map.of(16, 4.25),
                                List.of(new Json.Plan(16, 0.5, 9, 4, 2.1))))))
                .isEqualTo(
                        "{\"model\":\"minilm\",\"layers\":6,\"hidden\":384,\"learners\":null,\"mlpLearners\":null,\"parameters\":22713216,"
                                + "\"maxTokens\":256,\"stored\":[\"F32\"],\"flopsAtTokens\":128,\"backend\":\"vector (vector-512)\",\"precision\":\"f32\","
                                + "\"cuda\":\"none: no driver\",\"flopsPerToken\":{\"dense\":2.13E7,\"0.25\":1.1E7},\"inputs\":\"texts\",\"labels\":[],\"tokensLeave\":true,"
                                + "\"cost\":{\"table\":\"measured here on 2026-11-28\",\"measured\":true,\"predictedMillis\":{\"16\":4.25},"
                                + "\"plans\":[{\"tokens\":16,\"budget\":0.5,\"rows\":9,\"narrowLayers\":4,\"predictedMillis\":2.1}]}}");
    }

    @Test
    void aVectorIsAnArrayOnOneLine() {
        assertThat(Json.line(new float[] {0.1f, -2f, 3e-9f})).isEqualTo("[0.1,-2.0,3.0E-9]");
    }
}
