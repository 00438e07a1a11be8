package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class QualityTest {
    @Test
    void spearmanIsTheCorrelationOfRanks() {
        double[] rising = {1, 2, 3, 4, 5};
        assertThat(Quality.spearman(rising, new double[] {1, 10, 100, 1000, 10000}))
                .isEqualTo(1);
        assertThat(Quality.spearman(rising, new double[] {5, 4, 3, 2, 1})).isEqualTo(-1);
        // 1 - 6 sum d^2 / (n (n^2 - 1)) with d = 1, 1, 0, 1, 1.
        assertThat(Quality.spearman(rising, new double[] {2, 1, 3, 5, 4})).isCloseTo(0.8, within(1e-12));
        // Ranks 0.5, 0.5, 2, 3, 4 beside 0 to 4: covariance 9.5, variances 10 and 9.5.
        assertThat(Quality.spearman(rising, new double[] {1, 1, 2, 3, 4}))
                .isCloseTo(9.5 / Math.sqrt(10 * 9.5), within(1e-12));
    }

    private static Contender giving(float[]... vectors) {
        return new Contender(
                "c",
                "c",
                "tokenwise",
                "dense",
                1,
                "vector",
                "f32",
                false,
                false,
                _ -> 1,
                () -> texts -> Arrays.copyOf(vectors, texts.size()));
    }

    private static final List<int[]> FOUR = List.of(new int[1], new int[1], new int[1], new int[1]);
    private static final float[] EAST = {1, 0};
    private static final float[] NORTH = {0, 1};
    private static final float[] BETWEEN = {0.6f, 0.8f};

    @Test
    void pairsAreJudgedByTheirOwnCosineAndTextsByTheDenseModels() {
        var texts = new Quality.Texts("", FOUR, new double[] {5, 1});
        Quality quality = Quality.of(giving(EAST, EAST, EAST, NORTH), texts, new float[][] {EAST, EAST, EAST, BETWEEN});
        assertThat(quality.spearman()).isEqualTo(1);
        assertThat(quality.lowestCosine()).isCloseTo(0.8, within(1e-6));
        assertThat(quality.meanCosine()).isCloseTo(0.95, within(1e-6));
    }

    @Test
    void withoutScoresThereIsNoCorrelation() {
        var texts = new Quality.Texts("", FOUR, new double[0]);
        float[][] dense = {EAST, EAST, EAST, EAST};
        assertThat(Quality.of(giving(dense), texts, dense)).isEqualTo(new Quality(null, 1, 1));
    }
}
