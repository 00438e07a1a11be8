package io.tokenwise.bench.soak;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.Budget;
import io.tokenwise.api.DeadlineException;
import io.tokenwise.bench.soak.Calling.Outcome;
import io.tokenwise.bench.soak.ServerDoors.RefusedException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A failure is excused by what was done to the call, and by nothing else. */
class CallingTest {
    private final Tally tally = new Tally(new PrintWriter(Writer.nullWriter()));
    private final RunningTime time = new RunningTime(0);
    private final Calling calling = new Calling(new Expected(), tally, time);
    private final Faults faults = new Faults(false);

    private Outcome call(Exception failure) throws InterruptedException {
        Door.Ask ask = (_, _, _) -> {
            throw failure;
        };
        return calling.call(new Door("fake", 1, List.of(Budget.FULL), 0, ask, () -> {}), new Random(1), faults);
    }

    private void fails(Exception failure) throws InterruptedException {
        int before = tally.failures().size();
        assertThat(call(failure)).isEqualTo(Outcome.OVER);
        assertThat(tally.failures()).hasSize(before + 1);
        assertThat(tally.failures().getLast()).contains(failure.toString());
    }

    @Test
    void withoutAFaultNothingIsExcused() throws InterruptedException {
        fails(new DeadlineException("the deadline passed"));
        fails(new InterruptedException());
        fails(new IllegalStateException("interrupted while waiting"));
        fails(new IllegalStateException("the model is closed"));
        fails(new IllegalStateException());
        fails(new RefusedException(429, "too many"));
        fails(new RefusedException(503, "the server is stopping"));
        fails(new IOException("connection reset"));
    }

    @Test
    void closedIsWhatIsBeingClosed() throws InterruptedException {
        faults.close();
        assertThat(call(new IllegalStateException("the engine is closed"))).isEqualTo(Outcome.OVER);
        assertThat(call(new RefusedException(503, "the server is stopping"))).isEqualTo(Outcome.OVER);
        assertThat(call(new IOException("connection reset"))).isEqualTo(Outcome.OVER);
        assertThat(tally.counts()).containsOnlyKeys("closed").containsEntry("closed", 3L);
        fails(new RefusedException(500, "wrong"));
        fails(new IllegalStateException("the arena is closed"));
    }

    @Test
    void anInterruptExcusesOneCall() throws InterruptedException {
        faults.interrupt(Thread.currentThread());
        assertThat(call(new InterruptedException())).isEqualTo(Outcome.EXCUSED);
        assertThat(Thread.interrupted()).as("its flag is cleared").isFalse();
        fails(new InterruptedException());
        assertThat(tally.counts()).containsEntry("interrupted", 1L);
    }

    @ParameterizedTest
    @ValueSource(ints = {408, 503, 504})
    void aStopMakesAnswersLate(int status) throws InterruptedException {
        time.tick(2 * RunningTime.LONGEST_GAP_NANOS);
        call(new RefusedException(status, "late"));
        call(new IOException("connection reset"));
        assertThat(tally.failures()).isEmpty();
        assertThat(tally.counts()).containsEntry("too late after a stop", 2L);
    }

    @Test
    void butNotWrong() throws InterruptedException {
        time.tick(2 * RunningTime.LONGEST_GAP_NANOS);
        for (int status : new int[] {400, 404, 429, 500}) {
            fails(new RefusedException(status, "wrong"));
        }
        fails(new NoSuchFileException("weights"));
        fails(new IllegalStateException("wrong"));
        // Long after it anything else is, too.
        for (int second = 0; second < 20; second++) {
            time.tick(2 * RunningTime.LONGEST_GAP_NANOS + TimeUnit.SECONDS.toNanos(second));
        }
        fails(new RefusedException(503, "late"));
    }
}
