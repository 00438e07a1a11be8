package io.tokenwise.acm.choose;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;

class CalibrationTest {
    /** Pairs that ascend, some spends equal to the one before. */
    @Provide
    Arbitrary<Calibration> calibrations() {
        Arbitrary<Set<Integer>> told =
                Arbitraries.integers().between(0, 1000).set().ofMinSize(2).ofMaxSize(12);
        Arbitrary<List<Integer>> spent =
                Arbitraries.integers().between(0, 1000).list().ofSize(12);
        return Combinators.combine(told, spent).as((t, s) -> {
            double[] ascending =
                    t.stream().sorted().mapToDouble(i -> i / 1000.0).toArray();
            return new Calibration(
                    ascending,
                    s.stream()
                            .limit(ascending.length)
                            .sorted()
                            .mapToDouble(i -> i / 1000.0)
                            .toArray());
        });
    }

    @Property
    void asksForNoLessIfMoreIsWanted(
            @ForAll("calibrations") Calibration calibration,
            @ForAll @DoubleRange(min = 0, max = 1) double a,
            @ForAll @DoubleRange(min = 0, max = 1) double b) {
        assertThat(calibration.toTell(Math.min(a, b))).isLessThanOrEqualTo(calibration.toTell(Math.max(a, b)) + 1e-12);
    }

    @Property
    void whatIsToldSpendsWhatIsWanted(
            @ForAll("calibrations") Calibration calibration, @ForAll @DoubleRange(min = 0, max = 1) double share) {
        double least = calibration.spent()[0];
        double most = calibration.spent()[calibration.spent().length - 1];
        assertThat(spend(calibration, calibration.toTell(share)))
                .isCloseTo(Math.clamp(share, least, most), offset(1e-9));
    }

    /** The measured curve from told budget to spend, the other way round than {@link Calibration#toTell}. */
    private static double spend(Calibration calibration, double budget) {
        double[] told = calibration.told();
        double[] spent = calibration.spent();
        for (int i = 1; i < told.length; i++) {
            if (budget <= told[i]) {
                double t = (budget - told[i - 1]) / (told[i] - told[i - 1]);
                return spent[i - 1] + t * (spent[i] - spent[i - 1]);
            }
        }
        return spent[spent.length - 1];
    }

    @Property
    void withoutACalibrationTheGatesAreToldTheShare(@ForAll @DoubleRange(min = 0, max = 1) double share) {
        assertThat(Calibration.NONE.toTell(share)).isCloseTo(share, offset(1e-15));
    }

    @Test
    void pairsThatDoNotAscendAreRefused() {
        assertRefused(new double[] {0, 1}, new double[] {0.5, 0.4});
        assertRefused(new double[] {0.5, 0.5}, new double[] {0, 1});
        assertRefused(new double[] {0, 1}, new double[] {0, Double.NaN});
        assertRefused(new double[] {Double.NaN, 1}, new double[] {0, 1});
        assertRefused(new double[] {0, 1}, new double[] {0, 0.5, 1});
        assertRefused(new double[] {0}, new double[] {0});
    }

    private static void assertRefused(double[] told, double[] spent) {
        assertThatThrownBy(() -> new Calibration(told, spent))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("calibration: ");
    }
}
