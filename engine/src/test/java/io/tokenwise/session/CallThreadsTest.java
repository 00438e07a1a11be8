package io.tokenwise.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import io.tokenwise.model.InputKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CallThreadsTest {
    private final CallThreads threads = new CallThreads(1);
    private final CountDownLatch inside = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);

    @AfterEach
    void close() {
        goOn.countDown();
        threads.close();
    }

    /** Takes the only thread until {@link #goOn}. */
    private CompletableFuture<Stop> block() throws InterruptedException {
        CompletableFuture<Stop> running = threads.start(Deadline.NONE, stop -> {
            inside.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return stop;
        });
        inside.await();
        return running;
    }

    /** Who completes a future wakes those that wait for it first. */
    private void awaitNoneWaits() throws InterruptedException {
        while (threads.waiting() > 0) {
            Thread.sleep(1);
        }
    }

    @Test
    void anErrorIsTheCallersAndTheThreadGoesOn() throws Exception {
        Function<Stop, String> failing = _ -> {
            throw new OutOfMemoryError("a test's");
        };
        assertThatThrownBy(() -> threads.start(Deadline.NONE, failing).get(30, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasCauseExactlyInstanceOf(OutOfMemoryError.class);
        assertThatThrownBy(() -> threads.await(Deadline.NONE, failing)).isExactlyInstanceOf(OutOfMemoryError.class);
        assertThat(threads.start(Deadline.NONE, _ -> "done").get(30, TimeUnit.SECONDS))
                .isEqualTo("done");
    }

    @Test
    void whereTheSystemHasNoMoreThreadsTheFutureSaysSo() {
        var none = new CallThreads(1, _ -> {
            throw new OutOfMemoryError("unable to create native thread");
        });
        assertThatThrownBy(() -> none.start(Deadline.NONE, _ -> "done").get(30, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasCauseExactlyInstanceOf(OutOfMemoryError.class);
        assertThatThrownBy(() -> none.await(Deadline.NONE, _ -> "done")).isExactlyInstanceOf(OutOfMemoryError.class);
        assertThat(none.waiting()).isZero();
    }

    /** A thread may be busy for long, while callers with deadlines come and go. */
    @Test
    void whatNobodyWaitsForDoesNotWaitItself() throws Exception {
        block();
        Function<Stop, String> never = _ -> {
            throw new AssertionError("computed");
        };
        Deadline soon = Deadline.in(Duration.ofMillis(20));
        List<CompletableFuture<String>> late = List.of(threads.start(soon, never), threads.start(soon, never));
        assertThatThrownBy(() -> threads.await(soon, never)).isInstanceOf(DeadlineException.class);
        for (CompletableFuture<String> future : late) {
            assertThatThrownBy(() -> future.get(30, TimeUnit.SECONDS)).hasCauseInstanceOf(DeadlineException.class);
        }
        awaitNoneWaits();
        CompletableFuture<String> cancelled = threads.start(Deadline.NONE, never);
        assertThat(threads.waiting()).isEqualTo(1);
        cancelled.cancel(false);
        assertThat(threads.waiting()).isZero();
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> threads.await(Deadline.NONE, never)).isInstanceOf(IllegalStateException.class);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(threads.waiting()).isZero();
    }

    @Test
    void workThatRunsLearnsThatItWasCancelled() throws Exception {
        var found = new CompletableFuture<Throwable>();
        CompletableFuture<Void> cancelled = threads.start(Deadline.NONE, stop -> {
            inside.countDown();
            try {
                goOn.await();
                stop.check(1, Given.each(InputKind.TEXT, 2));
                found.complete(null);
            } catch (Throwable e) {
                found.complete(e);
            }
            return null;
        });
        inside.await();
        cancelled.cancel(false);
        goOn.countDown();
        assertThat(found.get(30, TimeUnit.SECONDS))
                .isInstanceOf(CancellationException.class)
                .hasMessage("cancelled after 1 of 2 texts");
    }

    @Test
    void workLearnsHowLongItHasWaitedForAThread() throws Exception {
        CompletableFuture<Stop> running = block();
        CompletableFuture<Stop> second = threads.start(Deadline.NONE, stop -> stop);
        long asked = System.nanoTime();
        Thread.sleep(20);
        long waited = System.nanoTime() - asked;
        goOn.countDown();
        assertThat(second.get(30, TimeUnit.SECONDS).queuedNanos()).isGreaterThanOrEqualTo(waited);
        assertThat(running.get(30, TimeUnit.SECONDS).future()).isSameAs(running);
    }

    @Test
    void onceClosedEachCallIsToldSo() {
        threads.close();
        var futures = new ArrayList<CompletableFuture<String>>();
        for (int i = 0; i < CallThreads.MOST_WAITING + 2; i++) {
            futures.add(threads.start(Deadline.NONE, _ -> "done"));
        }
        assertThat(futures.getLast())
                .failsWithin(Duration.ZERO)
                .withThrowableOfType(ExecutionException.class)
                .withCauseExactlyInstanceOf(IllegalStateException.class)
                .havingCause()
                .withMessage("the model is closed");
    }
}
