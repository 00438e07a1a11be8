package io.tokenwise.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class RequestQueueTest {
    private static final BudgetRange PINNED = BudgetRange.pinned(Budget.of(0.7));
    private static final BudgetRange FLOATING = BudgetRange.floating(Budget.of(0.35), Budget.FULL);

    /** Holds the worker in the first batch that has a negative number. */
    private final CountDownLatch entered = new CountDownLatch(1);

    private final CountDownLatch gate = new CountDownLatch(1);
    private final List<List<int[]>> batches = new ArrayList<>();

    private PretendedModel held() {
        return PretendedModel.doing(inputs -> {
            synchronized (batches) {
                batches.add(inputs);
            }
            if (inputs.getFirst()[0] < 0) {
                entered.countDown();
                await(gate);
            }
        });
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static QueueOptions options() {
        return QueueOptions.defaults().withWorkers(1);
    }

    private static Request request(BudgetRange range, int... input) {
        return new Request(input, Deadline.NONE, range);
    }

    private <R> CompletableFuture<Answer<R>> hold(Lane<R> lane) {
        var held = lane.submit(request(PINNED, -1));
        await(entered);
        synchronized (batches) {
            batches.clear();
        }
        return held;
    }

    @Test
    void answersSayResultBudgetAndSpend() {
        try (var queue = RequestQueue.start(options())) {
            var lane = queue.add(PretendedModel.plain());
            var answers = lane.submitAll(List.of(request(PINNED, 1, 2, 3), request(FLOATING, 4)));
            var pinned = answers.get(0).join();
            var floating = answers.get(1).join();

            assertThat(pinned.result()).isEqualTo(new PretendedModel.Result(6, 0.7));
            assertThat(pinned.budget()).isEqualTo(Budget.of(0.7));
            assertThat(pinned.spent().time()).isEqualTo(0.7);
            assertThat(pinned.queueMicros()).isNotNegative();
            assertThat(floating.budget()).isEqualTo(Budget.FULL);
            var state = queue.state();
            assertThat(state.accepted()).isEqualTo(2);
            assertThat(state.answered()).isEqualTo(2);
            assertThat(state.batchedTokens()).isEqualTo(4);
            assertThat(state.batchSizes()).startsWith(2L, 0L);
            assertThat(state.batchTokens()).startsWith(1L, 0L, 1L, 0L);
            assertThat(state.p99Micros()).isPositive();
            assertThat(state.dial()).isEqualTo(1);
        }
    }

    @Test
    void aFixedShareIsTheFloatingOnesOnly() {
        try (var queue = RequestQueue.start(options().withControl(Control.fixed(0.5)))) {
            var lane = queue.add(PretendedModel.plain());

            assertThat(lane.submit(request(FLOATING, 1)).join().budget()).isEqualTo(Budget.of(0.5));
            assertThat(lane.submit(request(PINNED, 1)).join().budget()).isEqualTo(Budget.of(0.7));
            var high = BudgetRange.floating(Budget.of(0.8), Budget.of(0.9));
            assertThat(lane.submit(request(high, 1)).join().budget()).isEqualTo(Budget.of(0.8));
        }
    }

    @Test
    void whatWaitsRunsTogetherUpToTheBatchInItsOrder() {
        try (var queue = RequestQueue.start(options().withBatchTokens(4))) {
            var lane = queue.add(held());
            hold(lane);
            var futures = new ArrayList<CompletableFuture<?>>();
            for (int i = 0; i < 5; i++) {
                futures.add(lane.submit(request(PINNED, i, i)));
            }
            gate.countDown();
            futures.forEach(CompletableFuture::join);

            assertThat(batches).hasSize(3);
            assertThat(batches.stream().flatMap(List::stream).map(input -> input[0]))
                    .containsExactly(0, 1, 2, 3, 4);
        }
    }

    @Test
    void aSingleTextDoesNotWaitForAWholeList() {
        try (var queue = RequestQueue.start(options().withBatchTokens(4))) {
            var lane = queue.add(held());
            hold(lane);
            var list = lane.submitAll(Collections.nCopies(20, request(PINNED, 1, 1)));
            var single = lane.submit(request(PINNED, 2));
            gate.countDown();
            list.forEach(CompletableFuture::join);
            single.join();

            assertThat(batches).hasSize(11);
            assertThat(batches.subList(0, 2)).anyMatch(batch -> batch.getFirst()[0] == 2);
        }
    }

    @Test
    void whatIsCancelledOrLateIsNotComputed() throws InterruptedException {
        try (var queue = RequestQueue.start(options())) {
            var lane = queue.add(held());
            hold(lane);
            var cancelled = lane.submit(request(PINNED, 1));
            var deadline = Deadline.in(Duration.ofSeconds(2));
            var late = lane.submit(new Request(new int[] {2}, deadline, PINNED));
            var wanted = lane.submit(request(PINNED, 3));
            assertThat(queue.state().waitingRequests()).isEqualTo(3);
            cancelled.cancel(false);
            assertThat(queue.state().waitingRequests()).isEqualTo(2);
            Thread.sleep(deadline.left());
            gate.countDown();

            assertThat(wanted.join().result().sum()).isEqualTo(3);
            assertThatThrownBy(late::join).hasCauseInstanceOf(DeadlineException.class);
            assertThat(batches.stream().flatMap(List::stream).map(input -> input[0]))
                    .containsExactly(3);
            var state = queue.state();
            assertThat(state.cancelled()).isEqualTo(1);
            assertThat(state.expired()).isEqualTo(1);
            assertThat(state.waitingTokens()).isZero();
        }
    }

    @Test
    void aFullQueueRefusesAllOfACall() {
        try (var queue = RequestQueue.start(options().withWaiting(2, 8))) {
            var lane = queue.add(held());
            hold(lane);
            lane.submit(request(PINNED, 1));

            assertThatThrownBy(() -> lane.submitAll(List.of(request(PINNED, 2), request(PINNED, 3))))
                    .isInstanceOfSatisfying(
                            OverloadedException.class,
                            e -> assertThat(e.retryAfter()).isPositive());
            assertThatThrownBy(() -> lane.submit(request(PINNED, new int[8]))).isInstanceOf(OverloadedException.class);
            assertThat(queue.state().waitingRequests()).isEqualTo(1);
            assertThat(queue.state().shed()).isEqualTo(3);
            gate.countDown();
        }
    }

    /** To try again would be in vain. */
    @Test
    void whoComesTooLateIsToldSoThoughTheQueueIsFull() {
        try (var queue = RequestQueue.start(options().withWaiting(1, 8))) {
            var lane = queue.add(held());
            hold(lane);
            lane.submit(request(PINNED, 1));
            var late = lane.submit(new Request(new int[] {2}, Deadline.in(Duration.ZERO), PINNED));

            assertThat(late).isCompletedExceptionally();
            assertThatThrownBy(late::join).hasCauseInstanceOf(DeadlineException.class);
            assertThat(queue.state().expired()).isEqualTo(1);
            assertThat(queue.state().waitingRequests()).isEqualTo(1);
            gate.countDown();
        }
    }

    /** Be it an error: the only thread goes on. */
    @Test
    void oneThatFailsHarmsNoOther() {
        var model = PretendedModel.doing(inputs -> {
            if (inputs.stream().anyMatch(input -> input[0] == 13)) {
                throw new StackOverflowError("thirteen");
            }
        });
        try (var queue = RequestQueue.start(options())) {
            var lane = queue.add(model);
            var answers = lane.submitAll(List.of(request(PINNED, 1), request(PINNED, 13), request(PINNED, 2)));

            assertThat(answers.get(0).join().result().sum()).isEqualTo(1);
            assertThat(answers.get(2).join().result().sum()).isEqualTo(2);
            assertThatThrownBy(answers.get(1)::join).hasRootCauseMessage("thirteen");
            assertThat(queue.state().failed()).isEqualTo(1);
        }
    }

    @Test
    void aThreadThatWasLeftInterruptedGoesOn() {
        var model = PretendedModel.doing(inputs -> {
            if (Thread.currentThread().isInterrupted()) {
                throw new IllegalStateException("interrupted");
            }
            if (inputs.getFirst()[0] < 0) {
                entered.countDown();
                await(gate);
            }
        });
        try (var queue = RequestQueue.start(options())) {
            var lane = queue.add(model);
            var interrupted = hold(lane).thenRun(() -> Thread.currentThread().interrupt());
            gate.countDown();
            interrupted.join();

            assertThat(lane.submit(request(PINNED, 2)).join().result().sum()).isEqualTo(2);
        }
    }

    @Test
    void closeFinishesWhatWasAcceptedAndRefusesMore() {
        var queue = RequestQueue.start(options());
        var lane = queue.add(held());
        hold(lane);
        var waiting = lane.submit(request(PINNED, 1));
        Thread.ofPlatform().start(queue::close);
        var refused = Assertions.catchThrowable(() -> {
            while (true) {
                lane.submit(request(PINNED, 2));
                Thread.sleep(1);
            }
        });
        assertThat(refused).isInstanceOf(IllegalStateException.class).hasMessage("the queue is closed");
        gate.countDown();

        assertThat(waiting.join().result().sum()).isEqualTo(1);
    }

    @Test
    void closeGivesUpWhatHasNotBegunInTime() {
        var queue = RequestQueue.start(options());
        var lane = queue.add(held());
        var running = hold(lane);
        var waiting = lane.submit(request(PINNED, 1));
        waiting.whenComplete((answer, e) -> gate.countDown());
        queue.close(Duration.ofMillis(1));

        assertThat(running).isCompleted();
        assertThatThrownBy(waiting::join).hasRootCauseMessage("the queue was closed before the request ran");
    }

    @Test
    void whoIsInterruptedWaitsForNothingThatDoesNotRun() {
        var queue = RequestQueue.start(options());
        var lane = queue.add(held());
        var running = hold(lane);
        var waiting = lane.submit(request(PINNED, 1));
        waiting.whenComplete((answer, e) -> gate.countDown());
        Thread.currentThread().interrupt();
        queue.close();

        assertThat(Thread.interrupted()).isTrue();
        assertThat(running).isCompleted();
        assertThat(waiting).isCompletedExceptionally();
    }

    /** What is chained to an answer may close the queue, whose only thread it keeps. */
    @Test
    void itsOwnThreadMayCloseIt() {
        var queue = RequestQueue.start(options().withBatchTokens(1));
        var lane = queue.add(held());
        var closed = hold(lane).thenRun(queue::close);
        var waiting = List.of(lane.submit(request(PINNED, 1)), lane.submit(request(PINNED, 2)));
        gate.countDown();

        closed.join();
        assertThat(waiting).allMatch(CompletableFuture::isDone);
        assertThat(waiting.getLast().join().result().sum()).isEqualTo(2);
        assertThatThrownBy(() -> lane.submit(request(PINNED, 1))).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void twoOfItsThreadsMayCloseItAtOnce() {
        var queue = RequestQueue.start(options().withWorkers(2).withBatchTokens(1));
        var both = new CyclicBarrier(3);
        var lane = queue.add(PretendedModel.doing(inputs -> {
            if (inputs.getFirst()[0] < 0) {
                await(both);
            }
        }));
        var answers = lane.submitAll(List.of(request(PINNED, -1), request(PINNED, -1)));
        var closed =
                answers.stream().map(answer -> answer.thenRun(queue::close)).toList();
        await(both);
        closed.forEach(CompletableFuture::join);
        queue.close();
        assertThat(queue.state().answered()).isEqualTo(2);
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await(30, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** Or who sends what a model cannot compute makes the queue refuse others. */
    @Test
    void whatFailsSaysNothingOfCosts() {
        var model = PretendedModel.doing(inputs -> {
            if (inputs.getFirst()[0] == 13) {
                LockSupport.parkNanos(5_000_000);
                throw new IllegalStateException("thirteen");
            }
        });
        try (var queue = RequestQueue.start(options())) {
            var lane = queue.add(model);
            for (int i = 0; i < 5; i++) {
                var failing = lane.submit(request(PINNED, 13));
                assertThatThrownBy(failing::join).hasRootCauseMessage("thirteen");
            }
            assertThat(lane.load().costs.scale()).isEqualTo(1);
            assertThat(queue.state().failed()).isEqualTo(5);
            assertThat(queue.state().p99Micros()).isZero();
        }
    }

    @Test
    void costsAreThoseOfALaneOfTheSameQueue() {
        try (var queue = RequestQueue.start(options());
                var other = RequestQueue.start(options())) {
            var lane = queue.add(PretendedModel.plain());
            assertThat(queue.add(PretendedModel.plain(), lane).submit(request(PINNED, 1)))
                    .succeedsWithin(Duration.ofSeconds(30));
            assertThatThrownBy(() -> other.add(PretendedModel.plain(), lane))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("another queue");
        }
    }

    @Test
    void anInputsNumbersNeedRoomWhateverItsTokens() {
        try (var queue = RequestQueue.start(options())) {
            var lane = queue.add(PretendedModel.plain());
            var timing = new Entry.Timing(0, Entry.NEVER, Entry.NEVER);
            var choices = new Choices(List.of());

            assertThat(new Pending<>(lane, request(PINNED, new int[1600]), 3, choices, timing).room())
                    .isEqualTo(100);
            assertThat(new Pending<>(lane, request(PINNED, new int[16]), 16, choices, timing).room())
                    .isEqualTo(16);
        }
    }

    /** No load of queries keeps anybody from filling an index. */
    @Test
    void theTargetIsThatOfRequestsThatFloatOnly() {
        var control = Control.auto(Duration.ofNanos(1), 0.35);
        try (var queue = RequestQueue.start(options().withControl(control))) {
            var lane = queue.add(held());
            hold(lane);

            assertThatThrownBy(() -> lane.submit(request(FLOATING, new int[64])))
                    .isInstanceOf(OverloadedException.class);
            var pinned = lane.submit(request(PINNED, new int[64]));
            gate.countDown();
            assertThat(pinned.join().budget()).isEqualTo(Budget.of(0.7));
        }
    }

    @Test
    void badInputIsToldAtOnce() {
        try (var queue = RequestQueue.start(options())) {
            var lane = queue.add(PretendedModel.plain());
            assertThatThrownBy(() -> lane.submit(request(PINNED))).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
