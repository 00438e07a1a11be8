package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private final StringWriter err = new StringWriter();
    private long millis;

    private Progress progress(boolean terminal, long total) {
        return new Progress(
                new PrintWriter(err),
                terminal,
                () -> TimeUnit.MILLISECONDS.toNanos(millis),
                "distil layers",
                "texts",
                total);
    }

    @Test
    void tellsRateAndTimeLeftEveryFewSeconds() {
        try (var progress = progress(false, 10_000)) {
            for (millis = 0; millis <= 12_000; millis += 500) {
                progress.update(millis / 10, millis > 9000 ? "loss 0.031" : "");
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
        var progress = progress(false, 10);
        millis = 60_000;
        progress.update(0, "");
        assertThat(err).hasToString("distil layers: 0 of 10 texts (0 %)" + System.lineSeparator());
    }

    @Test
    void whatAnEarlierRunDidSaysNothingOfTheRate() {
        var progress = progress(false, 1000);
        progress.resumeAt(500);
        millis = 10_000;
        progress.update(600, "");
        assertThat(err.toString()).contains("600 of 1,000 texts (60 %), 10 texts/s, 40 s left");
    }

    @Test
    void slowWorkSaysHowLongOneTakes() {
        var progress = progress(false, 10);
        millis = 62_000;
        progress.update(2, "");
        assertThat(err)
                .hasToString("distil layers: 2 of 10 texts (20 %), 31 s each, 4 min 8 s left" + System.lineSeparator());
    }

    @Test
    void shortWorkSaysOnlyItsEnd() {
        try (var progress = progress(false, 3)) {
            progress.update(3, "");
        }
        assertThat(err).hasToString("distil layers: 3 of 3 texts in 0 s" + System.lineSeparator());
    }

    @Test
    void aTerminalHasOneLineThatIsDrawnAgain() {
        try (var progress = progress(true, 12)) {
            for (int done = 0; done <= 12; done++, millis += 100) {
                progress.update(done, "");
            }
        }
        String[] drawings = err.toString().split("\r", -1);
        assertThat(drawings).hasSize(1 + 7 + 1).doesNotContain("\n");
        assertThat(drawings[4])
                .isEqualTo("\u001b[?7l" + "█".repeat(12) + "░".repeat(12)
                        + " distil layers: 6 of 12 texts (50 %), 10 texts/s, 1 s left\u001b[K\u001b[?7h");
        assertThat(err.toString()).endsWith("12 of 12 texts in 1 s\u001b[K\u001b[?7h" + System.lineSeparator());
    }

    @Test
    void durationsAreReadable() {
        assertThat(Progress.duration(59.4)).isEqualTo("59 s");
        assertThat(Progress.duration(61)).isEqualTo("1 min 1 s");
        assertThat(Progress.duration(3 * 3600 + 125)).isEqualTo("3 h 2 min");
    }
}
