package io.tokenwise.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class TrimTest {
    private static final long TICK = 200_000_000;
    private static final int MIDDLE = Dial.STEPS / 2;

    private final Trim trim = new Trim();
    private long nowNanos;

    /** So many ticks in which all answers take such a share of their time. */
    private void answer(int ticks, double ratio, int step) {
        for (int i = 0; i < ticks * 20; i++) {
            nowNanos += TICK / 20;
            trim.answered(ratio, nowNanos, step);
        }
    }

    @Test
    void itGivesWayFourTimesAsFastAsItTakesBack() {
        answer(10, 0.9 * Math.exp(0.2), MIDDLE);
        double down = Math.log(trim.slack());
        // What was late is forgotten by then.
        nowNanos += 10 * TICK;
        answer(10, 0.9 * Math.exp(-0.2), MIDDLE);
        double up = Math.log(trim.slack()) - down;

        assertThat(down).isCloseTo(-0.36, within(0.05));
        assertThat(up).isCloseTo(0.1, within(0.015));
    }

    @Test
    void itGivesWayWithinBounds() {
        answer(100, 100, MIDDLE);
        assertThat(trim.slack()).isCloseTo(0.5, within(0.01));
        assertThat(trim.step()).isEqualTo(Dial.STEPS);
        answer(200, 0.1, MIDDLE);
        assertThat(trim.slack()).isCloseTo(1.2, within(0.01));
        assertThat(trim.step()).isZero();
    }

    /** Or it would be far off when the dial moves again. */
    @Test
    void itDoesNotMoveWhereTheDialCannot() {
        answer(50, 10, Dial.STEPS);
        assertThat(trim.slack()).isCloseTo(1, within(0.01));
        answer(50, 0.1, 0);
        assertThat(trim.slack()).isCloseTo(1, within(0.01));
    }

    @Test
    void whereTheDialIsAtItsEndFewerAreAccepted() {
        answer(20, 10, MIDDLE);
        assertThat(trim.accepted()).isEqualTo(1);
        answer(20, 10, Dial.STEPS);
        assertThat(trim.accepted()).isCloseTo(0.5, within(0.01));
        nowNanos += 10 * TICK;
        answer(40, 0.1, Dial.STEPS);
        assertThat(trim.accepted()).isEqualTo(1);
    }
}
