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
            List<Double> ascending = t.stream().sorted().map(i -> i / 1000.0).toList();
            return Calibration.of(
                    ascending,
                    s.stream()
                            .limit(ascending.size())
                            .sorted()
                            .map(i -> i / 1000.0)
                            .toList());
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
        double least = calibration.toTell().x().getFirst();
        double most = calibration.toTell().x().getLast();
        assertThat(spend(calibration, calibration.toTell(share)))
                .isCloseTo(Math.clamp(share, least, most), offset(1e-9));
    }

    /** The measured curve from told budget to spend, the other way round than {@link Calibration#toTell}. */
    private static double spend(Calibration calibration, double budget) {
        return new Curve(calibration.toTell().y(), calibration.toTell().x()).at(budget);
    }

    @Property
    void withoutACalibrationTheGatesAreToldTheShare(@ForAll @DoubleRange(min = 0, max = 1) double share) {
        assertThat(Calibration.NONE.toTell(share)).isCloseTo(share, offset(1e-15));
    }

    @Test
    void pairsThatDoNotAscendAreRefused() {
        assertRefused(List.of(0.0, 1.0), List.of(0.5, 0.4));
        assertRefused(List.of(0.5, 0.5), List.of(0.0, 1.0));
        assertRefused(List.of(0.0, 1.0), List.of(0.0, Double.NaN));
        assertRefused(List.of(Double.NaN, 1.0), List.of(0.0, 1.0));
        assertRefused(List.of(0.0, 1.0), List.of(0.0, 0.5, 1.0));
        assertRefused(List.of(0.0), List.of(0.0));
    }

    private static void assertRefused(List<Double> told, List<Double> spent) {
        assertThatThrownBy(() -> Calibration.of(told, spent))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("calibration: ");
    }
}
