package io.tokenwise.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RelativePositionsTest {
    private static Positions.Relative form(int buckets, int farthest) {
        return new Positions.Relative("table", "norm", NormForm.layerNorm(1e-7), buckets, farthest, 512);
    }

    /** Of DeBERTa v3: keys before the query have the upper rows; by the formula of transformers' make_log_bucket_position, in doubles. */
    @ParameterizedTest
    @CsvSource({
        "0, 256",
        "-1, 257",
        "1, 255",
        "-128, 384",
        "128, 128",
        "-129, 385",
        "-130, 386",
        "-200, 425",
        "200, 87",
        "-511, 511",
        "511, 1",
        "-512, 511",
        "512, 0"
    })
    void farDistancesShareRows(int distance, int row) {
        int[] rows = RelativePositions.rows(form(256, 512));
        assertThat(rows[distance + 512]).isEqualTo(row);
        int far = Math.abs(distance);
        if (far > 128 && far < 512) {
            double bucket = 128 + Math.ceil(Math.log(far / 128.0) / Math.log(511 / 128.0) * 127);
            assertThat((double) row).isEqualTo(256 - Math.signum((double) distance) * bucket);
        }
    }

    /** By which the attention checks them. */
    @ParameterizedTest
    @CsvSource({"256, 512", "4, 4", "8, 20", "16, 1000000"})
    void rowsOnlyFallAndAreAll(int buckets, int farthest) {
        int[] rows = RelativePositions.rows(form(buckets, farthest));
        assertThat(rows).hasSize(2 * farthest + 1);
        assertThat(rows[0]).isEqualTo(2 * buckets - 1);
        assertThat(rows[rows.length - 1]).isZero();
        for (int i = 1; i < rows.length; i++) {
            assertThat(rows[i]).isLessThanOrEqualTo(rows[i - 1]);
        }
    }

    @Test
    void whatHasNoFarDistanceIsRefused() {
        for (int[] wrong : new int[][] {{3, 10}, {2, 10}, {8, 7}}) {
            assertThatThrownBy(() -> form(wrong[0], wrong[1]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("position buckets: " + wrong[0] + " to distances of " + wrong[1]
                            + "; an even number from 4 on, and no more than distances, are needed");
        }
    }
}
