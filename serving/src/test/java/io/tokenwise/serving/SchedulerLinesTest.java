package io.tokenwise.serving;

import static io.tokenwise.serving.Entries.MILLI;
import static io.tokenwise.serving.Entries.floating;
import static io.tokenwise.serving.Entries.model;
import static io.tokenwise.serving.Entries.pinned;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who runs before whom: calls of more than a batch holds, ten tokens, beside smaller ones and beside requests that float. */
@Timeout(60)
class SchedulerLinesTest {
    private static final int BATCH = 10;
    private static final Control AUTO = Control.auto(Duration.ofMillis(100), 0.5);

    private final QueueOptions options =
            QueueOptions.defaults().withWorkers(1).withBatchTokens(BATCH).withControl(Control.off());
    private final ModelLoad model = model();
    private Scheduler<Entry> scheduler = new Scheduler<>(options);
    private long nowNanos;

    /** A pinned call of full batches. */
    private List<Entry> call(int batches, long deadlineMillis) {
        var call = new ArrayList<Entry>();
        for (int i = 0; i < batches; i++) {
            call.add(pinned(model, BATCH, deadlineMillis));
        }
        return call;
    }

    private Entry offered(int tokens) {
        Entry entry = pinned(model, tokens, -1);
        scheduler.offer(List.of(entry), nowNanos);
        return entry;
    }

    /** Runs the next batch to its end. */
    private List<Entry> run() {
        Batch<Entry> batch = scheduler.next(nowNanos);
        nowNanos = batch.endNanos();
        scheduler.finished(batch, nowNanos);
        return batch.entries();
    }

    @Test
    void aSingleTextWaitsForNoMoreThanABatchOfALongCall() {
        scheduler.offer(call(50, -1), 0);
        Entry before = offered(1);
        assertThat(run()).containsExactly(before);
        for (int tokens = 1; tokens <= BATCH; tokens++) {
            Batch<Entry> running = scheduler.next(nowNanos);
            assertThat(running.tokens()).isEqualTo(BATCH);
            Entry single = offered(tokens);
            scheduler.finished(running, running.endNanos());
            assertThat(run()).containsExactly(single);
        }
        for (int tokens = 1; tokens <= BATCH; tokens++) {
            Entry single = offered(tokens);
            List<Entry> first = run();
            assertThat(first.contains(single) ? first : run()).containsExactly(single);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4, 5, 10})
    void longCallsGoOnWhileSmallOnesComeWithoutEnd(int tokens) {
        List<Entry> call = call(100, -1);
        scheduler.offer(call, 0);
        double micros = 0;
        while (nowNanos < 1000 * MILLI) {
            for (int waits = 0; waits < 2 * BATCH; waits += tokens) {
                offered(tokens);
            }
            long startNanos = nowNanos;
            micros += call.contains(run().getFirst()) ? (nowNanos - startNanos) / 1000.0 : 0;
        }
        assertThat(micros).isCloseTo(500_000, within(10_000.0));
    }

    @Test
    void longCallsEndOneAfterTheOther() {
        List<List<Entry>> calls = List.of(call(5, -1), call(5, -1), call(5, -1), call(5, -1));
        calls.forEach(call -> scheduler.offer(call, 0));
        var inOrder = new ArrayList<Entry>();
        for (int i = 0; i < 20; i++) {
            Entry single = offered(3);
            inOrder.addAll(run());
            inOrder.addAll(run());
            assertThat(inOrder.remove(single)).isTrue();
        }
        assertThat(inOrder)
                .containsExactlyElementsOf(calls.stream().flatMap(List::stream).toList());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 20})
    void whoHadNothingToDoDoesNotGetThatTimeLater(int batches) {
        for (int i = 0; i < 20; i += batches) {
            scheduler.offer(call(batches, -1), nowNanos);
        }
        while (!scheduler.isIdle()) {
            run();
        }
        for (int i = 0; i < 40; i++) {
            offered(BATCH);
        }
        List<Entry> call = call(40, -1);
        scheduler.offer(call, nowNanos);
        int ofCall = 0;
        for (int i = 0; i < 20; i++) {
            ofCall += call.contains(run().getFirst()) ? 1 : 0;
        }
        assertThat(ofCall).isBetween(9, 11);
    }

    /** They are as if pinned requests waited in one line. */
    @ParameterizedTest
    @CsvSource({"0.25, 1", "0.25, 2", "0.5, 1", "0.5, 2", "0.75, 1", "0.75, 2"})
    void requestsThatFloatHaveTheirShareWhateverPinnedCallsAre(double pinnedShare, int batches) {
        var fair = options.withPinnedShare(pinnedShare);
        List<Long> beside = floatingEnds(new Scheduler<>(fair), batches);
        assertThat(beside).hasSize(40).isEqualTo(floatingEnds(new Scheduler<>(fair), 0));
        assertThat(beside.getLast() / MILLI).isCloseTo(Math.round(400 / (1 - pinnedShare)), within(40L));
    }

    /** @param batches of each pinned call; 0 if every second one is of two */
    private List<Long> floatingEnds(Scheduler<Entry> fresh, int batches) {
        scheduler = fresh;
        nowNanos = 0;
        for (int pinned = 0; pinned < 120; ) {
            int now = batches > 0 ? batches : 1 + pinned % 3 % 2;
            scheduler.offer(call(now, -1), 0);
            pinned += now;
        }
        for (int i = 0; i < 40; i++) {
            scheduler.offer(List.of(floating(model, BATCH, 0, 1_000_000)), 0);
        }
        var ends = new ArrayList<Long>();
        while (ends.size() < 40) {
            if (!run().getFirst().pinned) {
                ends.add(nowNanos);
            }
        }
        return ends;
    }

    @Test
    void aSmallCallIsRefusedByWhatIsAheadOfItOnly() {
        scheduler = new Scheduler<>(options.withControl(AUTO));
        scheduler.offer(call(20, -1), 0);
        Batch<Entry> running = scheduler.next(0);
        // 10 ms run, and others may come that run with it.
        assertThatThrownBy(() -> scheduler.offer(call(1, 19), 0))
                .isInstanceOfSatisfying(
                        OverloadedException.class,
                        e -> assertThat(e.retryAfter()).isEqualTo(Duration.ofMillis(1)));
        scheduler.offer(call(1, 20), 0);
        scheduler.offer(call(1, -1), 0);
        scheduler.offer(call(1, -1), 0);
        // 10 ms run, three batches are ahead, and as many of the long call.
        assertThatThrownBy(() -> scheduler.offer(call(1, 79), 0)).isInstanceOf(OverloadedException.class);
        List<Entry> last = call(1, 80);
        scheduler.offer(last, 0);

        nowNanos = running.endNanos();
        scheduler.finished(running, nowNanos);
        assertThat(run().getFirst().deadlineNanos).isEqualTo(nowNanos);
        while (!run().equals(last)) {
            assertThat(scheduler.dropExpired(nowNanos)).isEmpty();
        }
        assertThat(nowNanos).isEqualTo(80 * MILLI);
    }

    @Test
    void aLongCallIsRefusedByWhatIsAheadOfItOnly() {
        scheduler = new Scheduler<>(options.withControl(AUTO));
        scheduler.offer(call(3, -1), 0);
        for (int i = 0; i < 20; i++) {
            offered(BATCH);
        }
        // Of its first 60 ms are ahead, with the share of small ones; of its second 80.
        assertThatThrownBy(() -> scheduler.offer(call(2, 89), 0)).isInstanceOf(OverloadedException.class);
        // Small ones are the first now, which nobody foresees.
        List<Entry> accepted = call(2, 100);
        scheduler.offer(accepted, 0);
        while (!run().contains(accepted.getLast())) {
            assertThat(scheduler.dropExpired(nowNanos)).isEmpty();
        }
        assertThat(nowNanos).isEqualTo(100 * MILLI);
        assertThat(scheduler.waitingRequests()).isEqualTo(15);
    }

    @Test
    void whatFloatsIsAheadOfEveryPinnedCallByItsShare() {
        scheduler = new Scheduler<>(options.withControl(AUTO));
        scheduler.offer(call(20, -1), 0);
        for (int i = 0; i < 10; i++) {
            scheduler.offer(List.of(floating(model, BATCH, 0, 10_000)), 0);
        }
        offered(BATCH);
        // A small one and one of the long call, and 20 ms of the 50 that float at the least; and itself.
        assertThatThrownBy(() -> scheduler.offer(call(1, 49), 0)).isInstanceOf(OverloadedException.class);
        scheduler.offer(call(1, 50), 0);
        // All 50 ms that float, 200 of its own kind, 30 of small ones.
        assertThatThrownBy(() -> scheduler.offer(call(2, 279), 0)).isInstanceOf(OverloadedException.class);
        scheduler.offer(call(2, 290), 0);
        assertThat(scheduler.predictedWaitMicros(0)).isCloseTo(290_000, within(1.0));
    }

    /** Whatever is offered, taken back, dropped and run: each is given out once, in its line's order, and the sums are those of what waits. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void whateverComesAndGoesTheSumsAreThoseOfWhatWaits(long seed) {
        scheduler = new Scheduler<>(options.withWaiting(60, 400));
        var random = new Random(seed);
        // Each with the name of its line.
        Map<Entry, String> waiting = new LinkedHashMap<>();
        for (int i = 0; i < 3000; i++) {
            switch (random.nextInt(6)) {
                case 0, 1 -> offer(randomCall(random), waiting);
                case 2 -> withdraw(waiting, random);
                case 3 -> nowNanos += random.nextInt(10) * MILLI;
                default -> next(waiting);
            }
            scheduler
                    .dropExpired(nowNanos)
                    .forEach(entry -> assertThat(waiting.remove(entry)).isNotNull());
            check(waiting);
        }
        assertThat(waiting).isNotEmpty();
        assertThat(scheduler.dropAll()).containsExactlyInAnyOrderElementsOf(waiting.keySet());
        check(Map.of());
        assertThat(scheduler.isIdle()).isTrue();
        scheduler.offer(call(40, -1), nowNanos);
        assertThatThrownBy(() -> offered(1)).isInstanceOf(OverloadedException.class);
    }

    private List<Entry> randomCall(Random random) {
        var call = new ArrayList<Entry>();
        boolean isPinned = random.nextBoolean();
        long nowMillis = nowNanos / MILLI;
        long deadlineMillis = random.nextInt(3) == 0 ? nowMillis + random.nextInt(200) : -1;
        for (int left = random.nextInt(1, 5); left > 0; left--) {
            int tokens = random.nextInt(1, BATCH + 2);
            call.add(
                    isPinned
                            ? pinned(model, tokens, deadlineMillis)
                            : floating(model, tokens, nowMillis, nowMillis + 100));
        }
        return call;
    }

    private void offer(List<Entry> call, Map<Entry, String> waiting) {
        boolean isBulk = call.stream().mapToInt(entry -> entry.tokens).sum() > BATCH;
        try {
            scheduler.offer(call, nowNanos);
            String line = !call.getFirst().pinned ? "floating" : isBulk ? "bulk" : "small";
            call.forEach(entry -> waiting.put(entry, line));
        } catch (OverloadedException e) {
            assertThat(waiting.keySet().stream().mapToInt(entry -> entry.tokens).sum())
                    .isPositive();
        }
    }

    private void withdraw(Map<Entry, String> waiting, Random random) {
        if (!waiting.isEmpty()) {
            Entry entry = List.copyOf(waiting.keySet()).get(random.nextInt(waiting.size()));
            waiting.remove(entry);
            assertThat(scheduler.withdraw(entry)).isTrue();
            assertThat(scheduler.withdraw(entry)).isFalse();
        }
    }

    private void next(Map<Entry, String> waiting) {
        if (waiting.isEmpty()) {
            assertThat(scheduler.next(nowNanos)).isNull();
            return;
        }
        List<Entry> entries = run();
        String line = waiting.get(entries.getFirst());
        assertThat(waiting.keySet().stream()
                        .filter(entry -> waiting.get(entry).equals(line))
                        .limit(entries.size()))
                .containsExactlyElementsOf(entries);
        waiting.keySet().removeAll(entries);
    }

    private void check(Map<Entry, String> waiting) {
        assertThat(scheduler.waitingRequests()).isEqualTo(waiting.size());
        assertThat(scheduler.waitingTokens())
                .isEqualTo(waiting.keySet().stream()
                        .mapToInt(entry -> entry.tokens)
                        .sum());
        double micros =
                waiting.keySet().stream().mapToDouble(Entry::leastMicros).sum();
        assertThat(scheduler.predictedWaitMicros(nowNanos)).isCloseTo(micros, within(1.0));
    }
}
