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
