package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.util.component.AbstractLifeCycle;
import org.eclipse.jetty.util.thread.Scheduler;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** When a body counts as late, by a clock that the test sets. */
class BodyArrivalTest {
    private static final int PART = 256 << 10;

    private final Clock clock = new Clock();
    private final AtomicLong bytes = new AtomicLong();
    private final CompletableFuture<Void> body = new CompletableFuture<>();
    private final List<ApiError> late = new ArrayList<>();

    @BeforeEach
    void watch() {
        BodyArrival.watch(clock, Duration.ofSeconds(10), bytes::get, body, late::add);
    }

    @Test
    void whatDoesNotComeIsLate() {
        clock.passes(10_000);
        clock.passes(1_000);
        assertThat(late).extracting(ApiError::status).containsExactly(408);
        assertThat(clock.next).isNull();
    }

    @Test
    void whatCameWhileTheMachineStoodStillIsReadFirst() {
        clock.passes(10_000);
        assertThat(late).isEmpty();
        body.complete(null);
        assertThat(clock.next).isNull();
        assertThat(late).isEmpty();
    }

    @Test
    void eachPartHasTheSameTime() {
        bytes.set(PART);
        clock.passes(10_000);
        clock.passes(10_000);
        bytes.set(2 * PART);
        clock.passes(1_000);
        assertThat(late).isEmpty();
        bytes.set(3 * PART - 1);
        clock.passes(10_000);
        clock.passes(1_000);
        assertThat(late).extracting(ApiError::status).containsExactly(408);
    }

    /** Has one task at a time. */
    private static final class Clock extends AbstractLifeCycle implements Scheduler {
        private Runnable next;
        private long millis;

        @Override
        public Task schedule(Runnable task, long delay, TimeUnit units) {
            assertThat(next).isNull();
            next = task;
            millis = units.toMillis(delay);
            return () -> {
                boolean cancelled = next == task;
                next = cancelled ? null : next;
                return cancelled;
            };
        }

        /** Until the task is due, which must be then. */
        void passes(long expectedMillis) {
            assertThat(millis).isEqualTo(expectedMillis);
            Runnable due = next;
            next = null;
            due.run();
        }
    }
}
