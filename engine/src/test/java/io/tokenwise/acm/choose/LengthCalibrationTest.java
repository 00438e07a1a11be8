package io.tokenwise.acm.choose;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LengthCalibrationTest {
    private static final Calibration SPENDS_DOUBLE = Calibration.of(List.of(0.0, 0.5), List.of(0.0, 1.0));
    private static final Calibration SPENDS_WHAT_IT_IS_TOLD = Calibration.NONE;

    private final LengthCalibration byLength =
            new LengthCalibration(List.of(8, 32), List.of(SPENDS_DOUBLE, SPENDS_WHAT_IT_IS_TOLD));

    @ParameterizedTest
    @CsvSource({"1,0.3", "8,0.3", "16,0.45", "32,0.6", "512,0.6"})
    void betweenLengthsWhatToTellIsInterpolated(int length, double told) {
        assertThat(byLength.toTell(0.6, length)).isCloseTo(told, offset(1e-12));
    }

    @Test
    void textsOfLikeLengthAreToldTheSame() {
        for (int length = 1; length < 600; length++) {
            boolean same = LengthCalibration.step(length) == LengthCalibration.step(length + 1);
            assertThat(byLength.toTell(0.6, length) == byLength.toTell(0.6, length + 1))
                    .as("%d and %d tokens", length, length + 1)
                    .isEqualTo(same || length < 8 || length > 33);
        }
    }

    @Test
    void leastIsWhatEveryLengthCanHave() {
        var some = Calibration.of(List.of(0.0, 1.0), List.of(0.2, 1.0));
        var more = Calibration.of(List.of(0.0, 1.0), List.of(0.3, 1.0));
        assertThat(new LengthCalibration(List.of(8, 32), List.of(more, some)).leastSpent())
                .isEqualTo(0.3);
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertThatThrownBy(() -> new LengthCalibration(List.of(8), List.of()))
                .hasMessage("calibration: 1 lengths and 0 curves; there is one for each, and at least one");
        assertThatThrownBy(() -> new LengthCalibration(List.of(8, 8), List.of(SPENDS_DOUBLE, SPENDS_DOUBLE)))
                .hasMessage("calibration: lengths must be positive and ascend, are [8, 8]");
    }
}
