package io.tokenwise.serving;

import static io.tokenwise.serving.Entries.MILLI;
import static io.tokenwise.serving.Entries.choice;
import static io.tokenwise.serving.Entries.floating;
import static io.tokenwise.serving.Entries.model;
import static io.tokenwise.serving.Entries.pinned;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SchedulerTest {
    private static final Control AUTO = Control.auto(Duration.ofMillis(100), 0.5);

    private final QueueOptions options =
            QueueOptions.defaults().withWorkers(1).withBatchTokens(10).withControl(AUTO);
    private final Scheduler<Entry> scheduler = new Scheduler<>(options);
    private final ModelLoad model = model();

    @Test
    void refusesWhatWouldBeLateAtTheLeastBudgetAndSaysWhenToComeBack() {
        for (int i = 0; i < 16; i++) {
            scheduler.offer(List.of(floating(model, 10, 0, 100)), 0);
        }
        // 80 ms of work at the least, and its own 5, with others in its batch.
        scheduler.offer(List.of(floating(model, 10, 0, 100)), 0);
        assertThatThrownBy(() -> scheduler.offer(List.of(floating(model, 10, 0, 60)), 0))
                .isInstanceOfSatisfying(
                        OverloadedException.class,
                        e -> assertThat(e.retryAfter()).isEqualTo(Duration.ofMillis(30)));
        assertThat(scheduler.waitingRequests()).isEqualTo(17);
    }

    /** It would be late whenever it came. */
    @Test
    void nothingIsRefusedWhereNothingIsAhead() {
        scheduler.offer(List.of(floating(model, 1000, 0, 100)), 0);
        Batch<Entry> running = scheduler.next(0);
        assertThat(running.entries()).hasSize(1);
        assertThatThrownBy(() -> scheduler.offer(List.of(floating(model, 1000, 0, 100)), 0))
                .isInstanceOf(OverloadedException.class);
        scheduler.finished(running, running.endNanos());
        scheduler.offer(List.of(floating(model, 1000, 0, 100), floating(model, 1000, 0, 100)), 0);
        assertThat(scheduler.waitingRequests()).isEqualTo(2);
    }

    /** The only worker was stopped, and has had no time to drop it. */
    @Test
    void whatHasExpiredIsInNobodysWay() {
        scheduler.offer(List.of(floating(model, 10, 0, 100)), 0);
        scheduler.next(0);
        for (int i = 0; i < 18; i++) {
            scheduler.offer(List.of(dropped(model, 10, 0, 100)), 0);
        }
        assertThat(scheduler.predictedWaitMicros(95 * MILLI)).isCloseTo(90_000, within(1.0));
        assertThatThrownBy(() -> scheduler.offer(List.of(floating(model, 10, 95, 150)), 95 * MILLI))
                .isInstanceOf(OverloadedException.class);
        scheduler.offer(List.of(floating(model, 10, 96, 150)), 96 * MILLI);
        assertThat(scheduler.predictedWaitMicros(96 * MILLI)).isCloseTo(5000, within(1.0));
    }

    private static Entry dropped(ModelLoad model, int tokens, long arrivalMillis, long deadlineMillis) {
        Entry entry = floating(model, tokens, arrivalMillis, deadlineMillis);
        var timing = new Entry.Timing(entry.arrivalNanos, entry.dueNanos, entry.dueNanos);
        return new Entry(model, entry.choices, false, tokens, timing);
    }

    /** Or the measured latencies would be those of the lucky ones. */
    @Test
    void whatIsDroppedCountsAsLate() {
        var measuring = new Scheduler<Entry>(options.withControl(AUTO.with(false, true, true)));
        for (int i = 1; i <= 200; i++) {
            measuring.offer(List.of(dropped(model, 1, 20 * i, 20 * i + 100)), 20 * i * MILLI);
            measuring.dropExpired(20 * i * MILLI);
        }
        assertThat(measuring.next(4_000 * MILLI).step()).isPositive();
    }

    /** Its deadline was the target when it was sent. */
    @Test
    void whatIsDroppedCountsThoughItsDeadlineIsALittleBeforeTheTarget() {
        var measuring = new Scheduler<Entry>(options.withControl(AUTO.with(false, true, true)));
        for (int i = 1; i <= 400; i++) {
            Entry entry = floating(model, 1, 20 * i, 20 * i + 100);
            var timing = new Entry.Timing(entry.arrivalNanos, entry.arrivalNanos + 95 * MILLI, entry.dueNanos);
            measuring.offer(List.of(new Entry(model, entry.choices, false, 1, timing)), 20 * i * MILLI);
            measuring.dropExpired(20 * i * MILLI);
        }
        assertThat(measuring.next(8_000 * MILLI).step()).isPositive();
    }

    /** One who waits for a millisecond only does not take the others' quality, nor, dropped early, give them more. */
    @Test
    void whoIsInAHurryDoesNotSteerTheOthers() {
        var measuring = new Scheduler<Entry>(options.withControl(AUTO.with(true, true, false)));
        for (int i = 1; i <= 200; i++) {
            measuring.offer(List.of(hurried(20 * i), floating(model, 1, 20 * i, 20 * i + 100)), 20 * i * MILLI);
            Batch<Entry> batch = measuring.next(20 * i * MILLI);
            assertThat(batch.step()).isZero();
            measuring.finished(batch, 20 * i * MILLI + 2 * MILLI);
        }
        for (int i = 201; i <= 400; i++) {
            measuring.offer(List.of(hurried(20 * i)), 20 * i * MILLI);
            assertThat(measuring.dropExpired((20 * i + 1) * MILLI)).hasSize(1);
        }
        assertThat(measuring.step()).isZero();
    }

    private Entry hurried(long arrivalMillis) {
        Entry entry = floating(model, 1, arrivalMillis, arrivalMillis + 100);
        var timing = new Entry.Timing(entry.arrivalNanos, entry.arrivalNanos + MILLI, entry.dueNanos);
        return new Entry(model, entry.choices, false, 1, timing);
    }

    @Test
    void whatNeverFitsIsNotToBeTriedAgain() {
        var small = new Scheduler<Entry>(options.withWaiting(2, 100));
        List<Entry> three = List.of(pinned(model, 1, -1), pinned(model, 1, -1), pinned(model, 1, -1));
        assertThatThrownBy(() -> small.offer(three, 0))
                .isInstanceOf(TooLargeException.class)
                .hasMessage("3 inputs at once, the queue has room for 2");
        assertThatThrownBy(() -> small.offer(List.of(pinned(model, 101, -1)), 0))
                .isInstanceOf(TooLargeException.class)
                .hasMessage("inputs of the size of 101 tokens at once, the queue has room for 100");
        small.offer(three.subList(0, 2), 0);
        assertThatThrownBy(() -> small.offer(three.subList(2, 3), 0)).isInstanceOf(OverloadedException.class);
    }

    /** As a recording beside texts. */
    @Test
    void aLongBatchKeepsOneWorkerOnly() {
        var two = new Scheduler<Entry>(options.withWorkers(2));
        Entry tooLong = floating(model, 1000, 0, 100);
        two.offer(List.of(tooLong), 0);
        assertThat(two.next(0).step()).isEqualTo(Dial.STEPS);

        // A worker has nothing to do: nothing is ahead.
        two.offer(List.of(tooLong), 0);
        assertThat(two.withdraw(tooLong)).isTrue();
        two.offer(List.of(floating(model, 10, 0, 100)), 0);
        assertThat(two.next(0).step()).isZero();

        // One has for 10 ms, one for 500.
        assertThatThrownBy(() -> two.offer(List.of(tooLong), 0)).isInstanceOf(OverloadedException.class);
        two.offer(List.of(floating(model, 10, 0, 100)), 0);
        assertThat(two.predictedWaitMicros(0)).isCloseTo(15_000, within(1.0));
        two.offer(List.of(pinned(model, 2000, -1)), 0);
        assertThat(two.predictedWaitMicros(0)).isCloseTo((2005 + 510) * 1000 / 2, within(1.0));
    }

    @Test
    void whenToComeBackIsAMinuteAtMost() {
        scheduler.offer(List.of(floating(model, 1 << 18, 0, 1_000_000)), 0);
        assertThatThrownBy(() -> scheduler.offer(List.of(floating(model, 10, 0, 100)), 0))
                .isInstanceOfSatisfying(
                        OverloadedException.class,
                        e -> assertThat(e.retryAfter()).isEqualTo(Duration.ofMinutes(1)));
    }

    @Test
    void theDialFollowsWhatWaits() {
        scheduler.offer(List.of(floating(model, 10, 0, 100)), 0);
        assertThat(scheduler.next(0).step()).isZero();
        for (int i = 0; i < 12; i++) {
            scheduler.offer(List.of(floating(model, 10, 0, 100)), 0);
        }
        // The first still runs for 10 ms: 70 ms are left of 80 for 120 ms of work.
        Batch<Entry> batch = scheduler.next(0);
        assertThat(1 - 0.5 * batch.step() / Dial.STEPS).isCloseTo(70.0 / 120, within(0.5 / Dial.STEPS));
    }

    @Test
    void theDialIsTurnedUpOnlyWhereThatLastsForAWhile() {
        var waiting = new ArrayList<Entry>();
        for (int i = 0; i < 10; i++) {
            waiting.add(floating(model, 10, 0, 100));
        }
        scheduler.offer(waiting, 0);
        Batch<Entry> first = scheduler.next(0);
        long nowNanos = first.endNanos();
        scheduler.finished(first, nowNanos);
        scheduler.withdraw(waiting.get(9));
        // 80 ms of work for 72 that are left, but for 60 where the dial is to be turned up.
        Batch<Entry> second = scheduler.next(nowNanos);
        assertThat(second.step()).isEqualTo(first.step()).isPositive();
        waiting.subList(4, 9).forEach(scheduler::withdraw);
        assertThat(scheduler.next(nowNanos).step()).isZero();
    }

    @Test
    void bothClassesHaveTheirShare() {
        var fair = new Scheduler<Entry>(options.withPinnedShare(0.25).withControl(Control.off()));
        for (int i = 0; i < 40; i++) {
            fair.offer(List.of(pinned(model, 10, -1)), 0);
            fair.offer(List.of(floating(model, 10, 0, 1_000_000)), 0);
        }
        int pinnedBatches = 0;
        for (int i = 0; i < 40; i++) {
            Batch<Entry> batch = fair.next(0);
            pinnedBatches += batch.entries().getFirst().pinned ? 1 : 0;
            fair.finished(batch, batch.endNanos());
        }
        assertThat(pinnedBatches).isEqualTo(10);
    }

    @Test
    void aClassThatHadNothingToDoDoesNotGetThatTimeLater() {
        var fair = new Scheduler<Entry>(options.withControl(Control.off()));
        for (int i = 0; i < 20; i++) {
            fair.offer(List.of(pinned(model, 10, -1)), 0);
            fair.finished(fair.next(0), 10 * MILLI);
        }
        for (int i = 0; i < 10; i++) {
            fair.offer(List.of(pinned(model, 10, -1), floating(model, 10, 0, 1_000_000)), 0);
        }
        int pinnedBatches = 0;
        for (int i = 0; i < 10; i++) {
            Batch<Entry> batch = fair.next(0);
            pinnedBatches += batch.entries().getFirst().pinned ? 1 : 0;
            fair.finished(batch, 10 * MILLI);
        }
        assertThat(pinnedBatches).isEqualTo(5);
    }

    @Test
    void whatWaitsIsDividedAmongWorkersThatHaveNothingToDo() {
        var two = new Scheduler<Entry>(options.withWorkers(2).withControl(Control.off()));
        two.offer(List.of(pinned(model, 3, -1), pinned(model, 3, -1)), 0);
        assertThat(two.next(0).entries()).hasSize(1);
        assertThat(two.next(0).entries()).hasSize(1);
        two.offer(List.of(pinned(model, 3, -1), pinned(model, 3, -1)), 0);
        assertThat(two.next(0).entries()).hasSize(2);
    }

    @Test
    void aBatchIsOfOneModelAndNoneStarves() {
        ModelLoad other = model();
        Entry first = pinned(model, 2, -1);
        Entry second = pinned(other, 2, -1);
        Entry third = pinned(model, 2, -1);
        scheduler.offer(List.of(first, second, third), 0);

        assertThat(scheduler.next(0).entries()).containsExactly(first, third);
        assertThat(scheduler.next(0).entries()).containsExactly(second);
        assertThat(scheduler.next(0)).isNull();
    }

    @Test
    void whatCannotBeInTimeIsDropped() {
        Entry late = pinned(model, 10, 12);
        Entry early = pinned(model, 2, 12);
        var open = new Scheduler<Entry>(options.withControl(Control.off()));
        open.offer(List.of(late, early), 0);

        assertThat(open.dropExpired(2 * MILLI)).isEmpty();
        assertThat(open.dropExpired(3 * MILLI)).containsExactly(late);
        assertThat(open.next(3 * MILLI).entries()).containsExactly(early);
    }

    /** Costs may have been measured too high, and would never be corrected if all that comes were dropped. */
    @Test
    void whatWouldBeLateWheneverItRanIsTried() {
        Entry entry = pinned(model, 10, 5);
        scheduler.offer(List.of(entry), 0);
        assertThat(scheduler.dropExpired(4 * MILLI)).isEmpty();
        assertThat(scheduler.dropExpired(5 * MILLI)).containsExactly(entry);
    }

    /** Models that are closed while the queue goes on. */
    @Test
    void aModelOfWhichNothingWaitsIsNotKept() throws InterruptedException {
        List<WeakReference<ModelLoad>> gone = List.of(afterItRan(), afterAllWasTakenBack());
        while (gone.stream().anyMatch(one -> one.get() != null)) {
            System.gc();
            Thread.sleep(1);
        }
        assertThat(scheduler.isIdle()).isTrue();
    }

    private WeakReference<ModelLoad> afterItRan() {
        ModelLoad other = model();
        scheduler.offer(List.of(floating(other, 1, 0, 100)), 0);
        scheduler.finished(scheduler.next(0), MILLI);
        return new WeakReference<>(other);
    }

    private WeakReference<ModelLoad> afterAllWasTakenBack() {
        ModelLoad other = model();
        scheduler.offer(List.of(pinned(other, 1, 2), pinned(other, 1, -1)), 0);
        scheduler.dropExpired(2 * MILLI);
        scheduler.dropAll();
        return new WeakReference<>(other);
    }

    @Test
    void aBatchThatFailedSaysNothingOfCosts() {
        scheduler.offer(List.of(pinned(model, 1, -1)), 0);
        scheduler.failed(scheduler.next(0));
        assertThat(model.costs.scale()).isEqualTo(1);
        assertThat(scheduler.isIdle()).isTrue();
    }

    /** Clients that ask and go away, while others wait for something long. */
    @Test
    void whatIsTakenBackIsNotKept() throws InterruptedException {
        var gone = new ArrayList<WeakReference<Entry>>();
        for (int i = 0; i < 100; i++) {
            Entry entry = pinned(model, 1, -1);
            scheduler.offer(List.of(entry, pinned(model, 1, -1)), 0);
            scheduler.withdraw(entry);
            gone.add(new WeakReference<>(entry));
        }
        while (gone.stream().anyMatch(entry -> entry.get() != null)) {
            System.gc();
            Thread.sleep(1);
        }
        assertThat(scheduler.waitingRequests()).isEqualTo(100);
        assertThat(scheduler.waitingTokens()).isEqualTo(100);
    }

    @Test
    void inputsOfManyNumbersNeedRoomThoughTheyHaveFewTokens() {
        var small = new Scheduler<Entry>(options.withWaiting(10, 100).withControl(Control.off()));
        small.offer(List.of(large(60)), 0);
        assertThatThrownBy(() -> small.offer(List.of(large(60)), 0)).isInstanceOf(OverloadedException.class);
        assertThat(small.waitingTokens()).isEqualTo(1);
        assertThat(small.next(0).entries()).hasSize(1);
        small.offer(List.of(large(60)), 0);
    }

    private Entry large(int room) {
        return new Entry(
                model, new Choices(List.of(choice(1, 1))), true, 1, new Entry.Timing(0, Entry.NEVER, Entry.NEVER)) {
            @Override
            int room() {
                return room;
            }
        };
    }

    @Test
    void costsAreCorrectedByWhatBatchesTake() {
        for (int i = 0; i < 200; i++) {
            scheduler.offer(List.of(pinned(model, 1, -1)), 0);
            scheduler.finished(scheduler.next(0), 2 * MILLI);
        }
        assertThat(model.costs.scale()).isCloseTo(2, within(0.02));
        scheduler.offer(List.of(pinned(model, 1, -1)), 0);
        assertThat(scheduler.predictedWaitMicros(0)).isCloseTo(2000, within(20.0));
    }
}
