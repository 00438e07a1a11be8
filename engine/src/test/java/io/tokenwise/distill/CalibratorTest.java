package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.acm.choose.Calibration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class CalibratorTest {
    private final double[] told = Calibrator.TOLD;

    @Test
    void aRequestIsToldWhatSpendsIt() {
        double[] spent = Arrays.stream(told).map(t -> 0.2 + 0.8 * t).toArray();
        Calibration curve = Calibrator.curve(spent);
        assertThat(curve.toTell(spent[7])).isEqualTo(told[7]);
        assertThat(curve.leastSpent()).isEqualTo(spent[0]);
    }

    @Test
    void whereMoreIsToldAndLessSpentTheCurveStaysLevel() {
        double[] spent = told.clone();
        spent[9] = spent[6];
        assertThat(Calibrator.curve(spent).toTell().x()).isSorted().hasSize(told.length);
        assertThat(Calibrator.curve(spent).toTell().y())
                .containsExactlyElementsOf(Arrays.stream(told).boxed().toList());
    }

    /** Gates never heard the lowest budgets in training: what they do then is where they started. */
    @Test
    void theCurveBeginsWhereLeastIsSpent() {
        double[] spent = told.clone();
        spent[0] = 0.3;
        spent[1] = 0.2;
        spent[2] = 0.15;
        Calibration curve = Calibrator.curve(spent);
        assertThat(curve.toTell().y().getFirst()).isEqualTo(told[2]);
        assertThat(curve.leastSpent()).isEqualTo(0.15);
        assertThat(curve.toTell(0.1)).isEqualTo(told[2]);
    }

    @Test
    void textsOfALengthHaveTheMarksThatAllHave() {
        List<int[]> marked =
                List.of(new int[] {101, 1, 2, 102}, new int[] {101, 3, 102}, new int[] {101, 4, 5, 6, 102});
        assertThat(Calibrator.ofLength(marked, 5))
                .containsExactly(new int[] {101, 1, 2, 3, 102}, new int[] {101, 4, 5, 6, 102});
        // As Qwen3's, which only end with one.
        List<int[]> ended = List.of(new int[] {1, 2, 102}, new int[] {3, 102}, new int[] {4, 5, 6, 102});
        assertThat(Calibrator.ofLength(ended, 4)).containsExactly(new int[] {1, 2, 3, 102}, new int[] {4, 5, 6, 102});
        List<int[]> bare = List.of(new int[] {1, 2}, new int[] {3}, new int[] {4, 5, 6});
        assertThat(Calibrator.ofLength(bare, 3)).containsExactly(new int[] {1, 2, 3}, new int[] {4, 5, 6});
    }

    @Test
    void gatesThatSpendLeastOfAllWhenToldMostStillHaveACurve() {
        double[] spent = Arrays.stream(told).map(t -> 1 - t / 2).toArray();
        assertThat(Calibrator.curve(spent).toTell().y()).hasSize(2);
    }

    /** A pair keeps what stands before, between and behind its texts; of one that is too short the second text goes on. */
    @Test
    void pairsAreCutOrMadeLongerBeforeTheirEnd() {
        List<int[]> pairs = List.of(
                new int[] {1, 10, 11, 2, 20, 21, 22, 23, 2, 3},
                new int[] {1, 12, 2, 24, 25, 26, 2, 3},
                new int[] {1, 13, 14, 15, 2, 27, 28, 29, 2, 3});
        assertThat(Calibrator.resized(pairs, 8))
                .containsExactly(
                        new int[] {1, 10, 11, 2, 20, 21, 2, 3},
                        new int[] {1, 12, 2, 24, 25, 26, 2, 3},
                        new int[] {1, 13, 14, 15, 2, 27, 2, 3});
        assertThat(Calibrator.resized(pairs, 13).get(0))
                .containsExactly(1, 10, 11, 2, 20, 21, 22, 23, 24, 25, 26, 2, 3);
        assertThat(Calibrator.resized(pairs, 16).get(1))
                .containsExactly(1, 12, 2, 24, 25, 26, 2, 27, 28, 29, 20, 21, 22, 23, 2, 3);
        assertThat(Calibrator.resized(pairs, 3))
                .allSatisfy(ids -> assertThat(ids).hasSize(3).startsWith(1).endsWith(3));
    }

    @Test
    void whatIsAllAlikeIsMadeLongerToo() {
        for (int length : new int[] {1, 2, 3, 4, 9, 300}) {
            for (int own : new int[] {1, 2, 5}) {
                assertThat(Calibrator.resized(List.of(new int[own]), length))
                        .singleElement()
                        .satisfies(ids -> assertThat(ids).hasSize(length));
                assertThat(Calibrator.resized(List.of(new int[own], new int[own]), length))
                        .hasSize(2);
            }
        }
    }
}
