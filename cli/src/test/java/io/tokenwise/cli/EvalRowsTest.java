package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EvalRowsTest {
    private static Json.EvalRow row(String mode, double ndcg, double recall, int seeds, Double deviation) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put("ndcg@10", ndcg);
        metrics.put("recall@100", recall);
        Map<String, Double> ofDense = new LinkedHashMap<>();
        ofDense.put("ndcg@10", ndcg / 0.5);
        ofDense.put("recall@100", null);
        boolean dense = mode.equals("dense");
        return new Json.EvalRow(
                dense ? 1 : 0.5,
                mode,
                "ndcg@10",
                ndcg,
                0.9,
                dense ? null : 2.0,
                0.5,
                8e6,
                1.5,
                metrics,
                ofDense,
                seeds,
                deviation,
                12.34,
                "flops",
                0.61);
    }

    private static List<List<String>> cells(List<Json.EvalRow> rows) {
        return EvalRows.table(rows, "text", "mean learners")
                .lines()
                .map(line -> Arrays.asList(line.strip().split("\\s{2,}")))
                .toList();
    }

    @Test
    void eachMetricStandsBesideItsShareOfDense() {
        List<List<String>> cells = cells(List.of(row("dense", 0.5, 0, 1, null), row("soft", 0.45, 0, 1, null)));
        assertThat(cells.get(0))
                .containsExactly(
                        "mode",
                        "budget",
                        "spent",
                        "mean learners",
                        "MFLOPs/token",
                        "ms/text",
                        "time",
                        "seconds",
                        "cosine to dense",
                        "ndcg@10",
                        "of dense",
                        "recall@100",
                        "of dense");
        assertThat(cells.get(2))
                .containsExactly(
                        "soft", "0.50", "0.500", "2.00", "8.00", "1.50", "0.610", "12.3", "0.9000", "0.4500", "90.0 %",
                        "0.0000", "-");
    }

    @Test
    void severalSeedsShowTheirDeviation() {
        List<List<String>> cells = cells(List.of(row("dense", 0.5, 1, 1, null), row("random", 0.4, 1, 3, 0.0123)));
        assertThat(cells.get(0)).containsSubsequence("ndcg@10", "+-", "of dense", "recall@100", "of dense");
        assertThat(cells.get(2)).containsSubsequence("0.4000", "0.0123", "80.0 %");
    }

    @Test
    void aDenseModelAloneHasNoShares() {
        assertThat(cells(List.of(row("dense", 0.5, 1, 1, null))).getFirst())
                .endsWith("ndcg@10", "recall@100")
                .doesNotContain("of dense", "+-");
    }

    @Test
    void theDeviationIsThatOfASample() {
        assertThat(EvalRows.deviation(List.of(1.0, 2.0, 3.0))).isEqualTo(1);
        assertThat(EvalRows.deviation(List.of(1.0))).isNull();
    }
}
