package io.tokenwise.classify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class LbfgsTest {
    /** Curvatures from 1 to 10,000: gradient descent would need tens of thousands of steps; SciPy's L-BFGS takes 605 evaluations. */
    @Test
    void aStretchedBowlIsSolvedInFewSteps() throws InterruptedException {
        int size = 20;
        int[] calls = new int[1];
        double[] x = Lbfgs.minimize(
                (at, gradient) -> {
                    calls[0]++;
                    double value = 0;
                    for (int i = 0; i < size; i++) {
                        double curvature = Math.pow(10, 4.0 * i / (size - 1));
                        gradient[i] = curvature * (at[i] - i);
                        value += curvature * (at[i] - i) * (at[i] - i) / 2;
                    }
                    return value;
                },
                size,
                1e-8,
                2_000);
        for (int i = 0; i < size; i++) {
            assertThat(x[i]).isCloseTo(i, within(1e-7));
        }
        assertThat(calls[0]).isLessThan(1_000);
    }

    @Test
    void itEndsWhereItCannotDescend() throws InterruptedException {
        double[] x = Lbfgs.minimize(
                (at, gradient) -> {
                    gradient[0] = 1;
                    return 7;
                },
                1,
                1e-8,
                500);
        assertThat(x).containsExactly(0);
    }
}
