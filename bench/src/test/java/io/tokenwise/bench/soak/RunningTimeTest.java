package io.tokenwise.bench.soak;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RunningTimeTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    @Test
    void whatPassesWhileTheProcessIsStoppedDoesNotCount() {
        var time = new RunningTime(7);
        time.tick(7 + SECOND);
        time.tick(7 + 5 * SECOND);
        assertThat(time.nanos()).isEqualTo(5 * SECOND);
        assertThat(time.stops()).isZero();
        time.tick(7 + 605 * SECOND);
        assertThat(time.nanos()).isEqualTo(5 * SECOND);
        assertThat(time.stops()).isEqualTo(1);
        assertThat(time.stoppedSeconds()).isEqualTo(600);
        assertThat(time.stoppedAbout(0)).isTrue();
        assertThat(time.stoppedAbout(5 * SECOND + RunningTime.AFTERWARDS_NANOS)).isTrue();
        assertThat(time.stoppedAbout(6 * SECOND + RunningTime.AFTERWARDS_NANOS)).isFalse();
        time.tick(7 + 606 * SECOND);
        assertThat(time.minutes()).isEqualTo(.1);
        assertThat(time.stops()).isEqualTo(1);
    }
}
