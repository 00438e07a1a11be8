package io.tokenwise.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class CostCurveTest {
    private final CostCurve costs =
            new CostCurve(100, 50, List.of(new CostCurve.Point(10, 1000), new CostCurve.Point(20, 3000)));

    @Test
    void betweenLengthsItIsStraightAndBeyondInProportion() {
        assertThat(costs.denseMicros(5)).isEqualTo(500);
        assertThat(costs.denseMicros(10)).isEqualTo(1000);
        assertThat(costs.denseMicros(15)).isEqualTo(2000);
        assertThat(costs.denseMicros(40)).isEqualTo(6000);
        assertThat(costs.batchMicrosPerToken()).isEqualTo(2);
    }

    /** Of short inputs alone: a token of 512 that seems four times as dear as it is must not make one of 8,192 eighty times as dear. */
    @Test
    void whatOneDisturbedPointSaysOfLongInputsIsBounded() {
        List<CostCurve.Point> disturbed = List.of(point(128, 1), point(256, 1), point(512, 4));

        assertThat(new CostCurve(0, 1, disturbed).denseMicros(8_192)).isCloseTo(8.5 * 4 * 300 * 8_192, within(1.0));
    }

    /** Of long ones what was seen counts: three quarters of a token's time may be attention. */
    @Test
    void whatLongInputsSayIsNot() {
        var points = List.of(point(512, 1.75), point(1_024, 2.5), point(2_048, 4));

        assertThat(new CostCurve(0, 1, points).denseMicros(8_192)).isCloseTo(13 * 300 * 8_192, within(1.0));
    }

    private static CostCurve.Point point(int tokens, double times) {
        return new CostCurve.Point(tokens, times * 300 * tokens);
    }

    @Test
    void aBatchThatSomethingElseStoppedSaysLittle() {
        for (int i = 0; i < 200; i++) {
            costs.learn(1000, 1000);
        }
        costs.learn(1000, 1_000_000);
        assertThat(costs.scale()).isCloseTo(1.06, within(0.01));
    }

    @Test
    void aFirstBatchSaysLittle() {
        costs.learn(1000, 1_000_000);
        assertThat(costs.scale()).isCloseTo(1.5, within(0.02));
    }

    @Test
    void aBatchOfNothingSaysNothing() {
        costs.learn(0, 5);
        assertThat(costs.scale()).isEqualTo(1);
    }
}
