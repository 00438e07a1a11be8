package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class QualityTest {
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
