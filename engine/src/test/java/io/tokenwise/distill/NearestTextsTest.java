package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.Embedding;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class NearestTextsTest {
    private static final int TEXTS = 60;
    private static final int WIDTH = 48;

    private static float[][] vectors(RandomGenerator random, double scale) {
        var vectors = new float[TEXTS][WIDTH];
        for (float[] vector : vectors) {
            for (int i = 0; i < WIDTH; i++) {
                vector[i] = (float) (scale * random.nextGaussian());
            }
        }
        return vectors;
    }

    private static float[][] sum(float[][] a, float[][] b) {
        var sum = new float[a.length][WIDTH];
        for (int text = 0; text < a.length; text++) {
            for (int i = 0; i < WIDTH; i++) {
                sum[text][i] = a[text][i] + b[text % b.length][i];
            }
        }
        return sum;
    }

    @Test
    void theSameVectorsScatterNothing() {
        float[][] dense = vectors(new SplittableRandom(1), 1);
        assertThat(new NearestTexts(dense).scatter(dense)).isCloseTo(0, Offset.offset(1e-6));
    }

    @Test
    void whatChangesAllTextsAlikeScattersLessThanNoiseOfTheSameCosine() {
        var random = new SplittableRandom(2);
        float[][] dense = vectors(random, 1);
        float[][] shifted = sum(dense, new float[][] {vectors(random, 0.5)[0]});
        float[][] noisy = sum(dense, vectors(random, 0.5));
        assertThat(meanCosine(dense, shifted)).isCloseTo(meanCosine(dense, noisy), Offset.offset(0.05));
        var nearest = new NearestTexts(dense);
        assertThat(nearest.scatter(shifted)).isLessThan(0.8 * nearest.scatter(noisy));
    }

    @Test
    void ofVeryFewTextsTheirOwnCosineCounts() {
        float[][] dense = {{1, 0}, {0, 1}};
        float[][] found = {{1, 1}, {0, 1}};
        assertThat(new NearestTexts(dense).scatter(found)).isCloseTo((1 - Math.sqrt(0.5)) / 2, Offset.offset(1e-6));
    }

    private static double meanCosine(float[][] a, float[][] b) {
        double sum = 0;
        for (int text = 0; text < a.length; text++) {
            sum += Embedding.cosine(a[text], b[text]);
        }
        return sum / a.length;
    }
}
