package io.tokenwise.acm.choose;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CurveTest {
    /** Up, a jump where x stands still, and down. */
    private static final Curve CURVE = new Curve(List.of(1.0, 2.0, 2.0, 4.0), List.of(3.0, 5.0, 7.0, -1.0));

    @ParameterizedTest
    @CsvSource({"-9,3", "1,3", "1.5,4", "2,5", "2.5,5", "3,3", "4,-1", "9,-1"})
    void isALineBetweenPointsAndLevelOutside(double x, double y) {
        assertThat(CURVE.at(x)).isEqualTo(y);
    }

    @Test
    void onePointIsLevel() {
        var level = new Curve(List.of(0.5), List.of(0.1));
        assertThat(level.at(0)).isEqualTo(0.1);
        assertThat(level.at(1)).isEqualTo(0.1);
    }

    @Test
    void whatIsNoCurveIsRefused() {
        assertThatThrownBy(() -> new Curve(List.of(), List.of()))
                .hasMessage("curve: 0 values of x and 0 of y; there must be one of each for each point, and a point");
        assertThatThrownBy(() -> new Curve(List.of(1.0, 2.0), List.of(1.0)))
                .hasMessageStartingWith("curve: 2 values of x and 1 of y");
        assertThatThrownBy(() -> new Curve(List.of(1.0, 0.5), List.of(1.0, 2.0)))
                .hasMessage("curve: points must ascend, are at [1.0, 0.5]");
        assertThatThrownBy(() -> new Curve(List.of(0.0, Double.NaN), List.of(1.0, 2.0)))
                .hasMessage("curve: points must ascend, are at [0.0, NaN]");
    }
}
