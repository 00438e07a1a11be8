package io.tokenwise.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever callers do at once, every future is completed, with the right answer or the right reason, and the counts add up. */
@Timeout(120)
class QueueLifeTest {
    private static final int CALLERS = 4;
    private static final int CALLS = 150;

    private final ConcurrentLinkedQueue<Asked> asked = new ConcurrentLinkedQueue<>();

    private record Asked(int[] input, CompletableFuture<Answer<PretendedModel.Result>> future) {}

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void noFutureIsLeftBehind(long seed) throws Exception {
        Control control = seed % 2 == 0 ? Control.off() : Control.auto(Duration.ofMillis(5), 0.3);
        var options = QueueOptions.defaults()
                .withWorkers(2)
                .withBatchTokens(16)
                .withWaiting(64, 512)
                .withControl(control);
        var queue = RequestQueue.start(options);
        var lane = queue.add(PretendedModel.doing(QueueLifeTest::work));
        var other = queue.add(PretendedModel.plain());
        var callers = new ArrayList<Thread>();
        for (int caller = 0; caller < CALLERS; caller++) {
            var random = new Random(seed * CALLERS + caller);
            callers.add(Thread.ofPlatform().start(() -> call(random.nextBoolean() ? lane : other, random)));
        }
        if (seed % 3 == 0) {
            queue.close(Duration.ofMillis(seed));
        }
        for (Thread caller : callers) {
            caller.join();
        }
        queue.close();

        for (Asked one : asked) {
            check(one);
        }
        QueueState state = queue.state();
        assertThat(state.accepted())
                .isEqualTo(asked.size())
                .isEqualTo(state.answered() + state.expired() + state.cancelled() + state.failed());
        assertThat(state.waitingRequests()).isZero();
        assertThat(state.waitingTokens()).isZero();
        assertThat(state.runningBatches()).isZero();
    }

    private static void work(List<int[]> inputs) {
        long until = System.nanoTime() + TimeUnit.MICROSECONDS.toNanos(20L * inputs.size());
        while (System.nanoTime() < until) {
            Thread.onSpinWait();
        }
        if (inputs.stream().anyMatch(input -> input[0] == 7)) {
            throw new IllegalStateException("seven");
        }
    }

    private void call(Lane<PretendedModel.Result> lane, Random random) {
        for (int i = 0; i < CALLS; i++) {
            var requests = new ArrayList<Request>();
            for (int k = random.nextInt(1, 4); k > 0; k--) {
                requests.add(request(random));
            }
            try {
                var futures = lane.submitAll(requests);
                for (int k = 0; k < futures.size(); k++) {
                    asked.add(new Asked(requests.get(k).input(), futures.get(k)));
                    if (random.nextInt(5) == 0) {
                        futures.get(k).cancel(false);
                    }
                }
                if (random.nextInt(4) == 0) {
                    futures.getFirst().exceptionally(e -> null).join();
                }
            } catch (OverloadedException | IllegalStateException e) {
                Thread.onSpinWait();
            }
        }
    }

    private static Request request(Random random) {
        int[] input = random.ints(random.nextInt(1, 20), 0, 100).toArray();
        Deadline deadline =
                random.nextInt(3) == 0 ? Deadline.in(Duration.ofNanos(random.nextInt(2_000_000))) : Deadline.NONE;
        BudgetRange budget = random.nextBoolean()
                ? BudgetRange.pinned(Budget.of(0.5))
                : BudgetRange.floating(Budget.of(0.3), Budget.FULL);
        return new Request(input, deadline, budget);
    }

    private static void check(Asked one) {
        assertThat(one.future).isDone();
        if (one.future.isCancelled()) {
            return;
        }
        try {
            assertThat(one.future.join().result().sum())
                    .isEqualTo(Arrays.stream(one.input).sum());
        } catch (CompletionException e) {
            assertThat(e.getCause()).isInstanceOfAny(DeadlineException.class, IllegalStateException.class);
        } catch (CancellationException e) {
            throw new AssertionError("was not cancelled", e);
        }
    }
}
