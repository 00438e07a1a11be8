package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class LinearMapTest {
    private static final float[][] WEIGHTS = {{1, -2}, {0.5f, 3}, {-1, 0}};
    private static final float[] BIAS = {4, -5};

    private static float[][] inputs(int rows) {
        var random = new Random(5);
        var x = new float[rows][3];
        for (float[] row : x) {
            for (int i = 0; i < row.length; i++) {
                row[i] = (float) (2 + random.nextGaussian());
            }
        }
        return x;
    }

    private static float[][] outputs(float[][] x) {
        var map = new LinearMap(WEIGHTS, BIAS);
        var y = new float[x.length][];
        for (int i = 0; i < x.length; i++) {
            y[i] = map.apply(x[i]);
        }
        return y;
    }

    @Test
    void appliesWeightsAndBias() {
        assertThat(new LinearMap(WEIGHTS, BIAS).apply(new float[] {1, 2, 3})).containsExactly(3, -1);
    }

    @Test
    void findsAMapThatIsThere() {
        float[][] x = inputs(50);
        float[][] y = outputs(x);
        // Does not count.
        y[49][0] = 1e6f;
        LinearMap fit = LinearMap.fit(x, y, 49, 1e-9);
        for (int in = 0; in < 3; in++) {
            for (int out = 0; out < 2; out++) {
                assertThat(fit.weights()[in][out]).isCloseTo(WEIGHTS[in][out], within(1e-4f));
            }
        }
        assertThat(fit.bias()[0]).isCloseTo(4, within(1e-3f));
        assertThat(fit.bias()[1]).isCloseTo(-5, within(1e-3f));
    }

    @Test
    void aStrongRidgeGivesTheMean() {
        float[][] x = inputs(50);
        float[][] y = outputs(x);
        double mean = 0;
        for (float[] row : y) {
            mean += row[0] / 50;
        }
        LinearMap fit = LinearMap.fit(x, y, 50, 1e9);
        assertThat(fit.apply(x[7])[0]).isCloseTo((float) mean, within(1e-3f));
    }

    /** More inputs than rows. */
    @Test
    void theRidgeMakesASolutionWhereThereAreMany() {
        float[][] x = {{1, 2, 3}, {2, 4, 6}};
        LinearMap fit = LinearMap.fit(x, new float[][] {{1}, {3}}, 2, 1e-6);
        assertThat(fit.apply(x[0])[0]).isCloseTo(1, within(1e-3f));
        assertThat(fit.apply(x[1])[0]).isCloseTo(3, within(1e-3f));
    }
}
