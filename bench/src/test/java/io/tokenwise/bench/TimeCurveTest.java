package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.bench.TimeCurve.Point;
import java.util.List;
import org.junit.jupiter.api.Test;

class TimeCurveTest {
    private static Point point(double time, double value, double... drawn) {
        return new Point(time, value, drawn);
    }

    private static final TimeCurve CURVE =
            TimeCurve.of(List.of(point(1, 0.9, 0.8, 1.0), point(0.2, 0.5, 0.4, 0.6), point(0.6, 0.7, 0.8, 0.6)));

    @Test
    void isLinearInTimeBetweenSettingsDrawByDraw() {
        Point between = CURVE.at(0.7).orElseThrow();
        assertThat(between.time()).isEqualTo(0.7);
        assertThat(between.value()).isCloseTo(0.75, within(1e-12));
        assertThat(between.drawn()[0]).isCloseTo(0.8, within(1e-12));
        assertThat(between.drawn()[1]).isCloseTo(0.7, within(1e-12));
        assertThat(CURVE.at(0.6).orElseThrow().value()).isCloseTo(0.7, within(1e-12));
    }

    @Test
    void nothingIsFasterThanItsFastestSetting() {
        assertThat(CURVE.at(0.19)).isEmpty();
        assertThat(CURVE.at(0.2)).get().extracting(Point::value).isEqualTo(0.5);
    }

    @Test
    void withMoreTimeItsBestIsLeft() {
        assertThat(CURVE.at(3)).get().extracting(Point::value).isEqualTo(0.9);
    }

    @Test
    void aSettingThatAFasterOneBeatsIsLeftOut() {
        TimeCurve curve = TimeCurve.of(List.of(point(0.2, 0.5), point(0.5, 0.4), point(0.8, 0.8)));
        assertThat(curve.points()).extracting(Point::time).containsExactly(0.2, 0.8);
        assertThat(curve.at(0.5).orElseThrow().value()).isCloseTo(0.65, within(1e-12));
    }
}
