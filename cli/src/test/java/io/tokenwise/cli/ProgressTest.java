package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private final StringWriter err = new StringWriter();
    private long seconds;

    private Progress.Lines lines(long total) {
        return new Progress.Lines(
                new PrintWriter(err), "distil layers", "texts", total, () -> TimeUnit.SECONDS.toNanos(seconds));
    }

    @Test
    void tellsRateAndTimeLeftEveryFewSeconds() {
        try (var progress = lines(10_000)) {
            for (seconds = 0; seconds <= 12; seconds++) {
                progress.update(seconds * 100, seconds > 9 ? "loss 0.031" : "");
            }
        }
        assertThat(err.toString().lines())
                .containsExactly(
                        "distil layers: 500 of 10,000 texts (5 %), 100 texts/s, 1 min 35 s left",
                        "distil layers: 1,000 of 10,000 texts (10 %), 100 texts/s, 1 min 30 s left; loss 0.031",
                        "distil layers: 1,200 of 10,000 texts in 13 s");
    }

    @Test
    void doesNotGuessTheTimeLeftBeforeAnythingIsDone() {
        var progress = lines(10);
        seconds = 60;
        progress.update(0, "");
        assertThat(err).hasToString("distil layers: 0 of 10 texts (0 %), 0.0 texts/s" + System.lineSeparator());
    }

    @Test
    void shortWorkSaysOnlyItsEnd() {
        try (var progress = lines(3)) {
            progress.update(3, "");
        }
        assertThat(err).hasToString("distil layers: 3 of 3 texts in 0 s" + System.lineSeparator());
    }

    @Test
    void durationsAreReadable() {
        assertThat(Progress.Lines.duration(59.4)).isEqualTo("59 s");
        assertThat(Progress.Lines.duration(61)).isEqualTo("1 min 1 s");
        assertThat(Progress.Lines.duration(3 * 3600 + 125)).isEqualTo("3 h 2 min");
    }
}
