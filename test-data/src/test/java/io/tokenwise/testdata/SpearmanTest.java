package io.tokenwise.testdata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class SpearmanTest {
    @Test
    void isOneForAnyRisingAndMinusOneForAnyFallingRelation() {
        double[] x = {0.1, 5, 2, 8, 3};
        assertThat(Spearman.correlation(x, new double[] {1, 125, 8, 1000, 27})).isCloseTo(1, within(1e-15));
        assertThat(Spearman.correlation(x, new double[] {-1, -125, -8, -1000, -27}))
                .isCloseTo(-1, within(1e-15));
    }

    /** Ranks 1..10 without ties: rho = 1 - 6 sum(d^2) / (n (n^2 - 1)), here 1 - 6 * 194 / 990. */
    @Test
    void agreesWithTheTextbookFormulaWithoutTies() {
        double[] iq = {106, 100, 86, 101, 99, 103, 97, 113, 112, 110};
        double[] hours = {7, 27, 2, 50, 28, 29, 20, 12, 6, 17};
        assertThat(Spearman.correlation(iq, hours)).isCloseTo(1 - 6 * 194 / 990.0, within(1e-12));
    }

    /** Ranks of a are 1, 2.5, 2.5, 4 and of b 1, 2, 3, 4: covariance 4.5, variances 4.5 and 5. */
    @Test
    void equalValuesShareTheirMeanRank() {
        double rho = Spearman.correlation(new double[] {1, 2, 2, 3}, new double[] {10, 20, 30, 40});
        assertThat(rho).isCloseTo(4.5 / Math.sqrt(4.5 * 5), within(1e-12));
    }

    @Test
    void doesNotDependOnTheOrderOfPairs() {
        var random = new Random(7);
        double[] a = random.ints(200, 0, 20).asDoubleStream().toArray();
        double[] b = random.ints(200, 0, 20).asDoubleStream().toArray();
        double before = Spearman.correlation(a, b);
        for (int i = a.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            double swapA = a[i];
            a[i] = a[j];
            a[j] = swapA;
            double swapB = b[i];
            b[i] = b[j];
            b[j] = swapB;
        }
        assertThat(Spearman.correlation(a, b)).isCloseTo(before, within(1e-12));
    }

    @Test
    void isNotANumberForAConstantList() {
        assertThat(Spearman.correlation(new double[] {1, 1, 1}, new double[] {1, 2, 3}))
                .isNaN();
    }

    @Test
    void refusesWhatHasNoRanks() {
        assertThatThrownBy(() -> Spearman.correlation(new double[2], new double[3]))
                .hasMessage("spearman: lengths differ: 2 and 3");
        assertThatThrownBy(() -> Spearman.correlation(new double[1], new double[1]))
                .hasMessage("spearman: needs 2 or more pairs, got 1");
        assertThatThrownBy(() -> Spearman.correlation(new double[] {1, Double.NaN}, new double[2]))
                .hasMessage("spearman: value 1 is NaN");
    }
}
