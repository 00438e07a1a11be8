package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("times")
class RaceTest {
    private static final List<List<int[]>> ONE_CALL = List.of(List.of(new int[] {1, 2}));
    private static final Scenario ONE_TEXT = new Scenario("one", "one text", 1, ONE_CALL);

    private static Contender contender(String label, boolean exact, Contender.Caller caller) {
        return new Contender(
                label, label, "tokenwise", "dense", 1, "vector", "f32", exact, false, _ -> 1, () -> caller);
    }

    private static Contender giving(String label, boolean exact, float... vector) {
        return contender(label, exact, _ -> new float[][] {vector});
    }

    @Test
    void anotherVectorFailsTheRun() {
        Contender reference = giving("peer", true, 1, 0);
        Contender other = giving("ours", true, 0.8f, 0.6f);
        assertThatThrownBy(() -> new Race(1, 0).run(ONE_TEXT, reference, List.of(reference, other)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("one: ours and peer must agree")
                .hasMessageContaining("0.8");
    }

    @Test
    void notANumberFailsTheRun() {
        Contender reference = giving("peer", true, 1, 0);
        Contender other = giving("ours", true, Float.NaN, 0);
        assertThatThrownBy(() -> new Race(1, 0).run(ONE_TEXT, reference, List.of(other)))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void whoMayDifferIsMeasuredWithItsCosine() {
        Contender reference = giving("peer", true, 1, 0);
        Contender other = giving("learners", false, 0.6f, 0.8f);
        List<Race.Timing> timings = new Race(3, 0).run(ONE_TEXT, reference, List.of(reference, other));
        assertThat(timings.get(1).cosine()).isEqualTo(0.6f);
        assertThat(timings.get(1).nanos().length).isGreaterThanOrEqualTo(3);
        assertThat(timings.get(1).nanos()).isSorted();
    }

    @Test
    void contendersTakeTurnsAndEachBeginsARound() {
        var order = new ArrayList<String>();
        Contender a = slow("a", order);
        Contender b = slow("b", order);
        new Race(2, 0).run(ONE_TEXT, a, List.of(a, b));
        int checkAndWarmUp = 3 + 2;
        assertThat(String.join("", order.subList(checkAndWarmUp, order.size()))).isEqualTo("ab" + "ba");
    }

    /** Its calls are longer than a turn, so that a turn is one call. */
    private static Contender slow(String label, List<String> order) {
        return contender(label, true, _ -> {
            sleep(60);
            order.add(label);
            return new float[][] {{1}};
        });
    }

    @Test
    void longCallsHaveHalfTheRounds() {
        Contender reference = giving("peer", true, 1);
        Contender slow = contender("slow", true, _ -> {
            sleep(160);
            return new float[][] {{1}};
        });
        List<Race.Timing> timings = new Race(10, 0).run(ONE_TEXT, reference, List.of(slow));
        assertThat(timings.getFirst().nanos()).hasSize(5);
    }

    @Test
    void whatACallAllocatesIsCounted() {
        Contender wasteful = contender("wasteful", true, _ -> new float[][] {new float[] {1}, new float[100_000]});
        Contender reference = giving("peer", true, 1);
        List<Race.Timing> timings = new Race(2, 0).run(ONE_TEXT, reference, List.of(wasteful));
        assertThat(timings.getFirst().heapBytes()).isBetween(400_000L, 410_000L);
    }

    /** No call of a caller's thread ends before three of them run. */
    @Test
    void severalCallersCallAtOnceWithDifferentTexts() {
        List<List<int[]>> calls = List.of(ONE_CALL.getFirst(), List.of(new int[] {1, 2}), List.of(new int[] {1, 2}));
        var texts = Collections.synchronizedSet(new HashSet<int[]>());
        var threads = Collections.synchronizedSet(new HashSet<Thread>());
        var three = new CountDownLatch(3);
        Thread main = Thread.currentThread();
        Contender sleeper = contender("sleeper", true, call -> {
            texts.addAll(call);
            threads.add(Thread.currentThread());
            if (Thread.currentThread() != main) {
                three.countDown();
                await(three);
            }
            sleep(20);
            return new float[][] {{1}};
        });
        var scenario = new Scenario("many", "three callers", 3, calls);
        long begin = System.nanoTime();
        Race.Timing timing = new Race(2, 0)
                .run(scenario, giving("peer", true, 1), List.of(sleeper))
                .getFirst();
        double seconds = 1e-9 * (System.nanoTime() - begin);
        assertThat(texts).hasSize(3);
        assertThat(threads.size()).isGreaterThan(3);
        assertThat(timing.nanos().length % 3).isZero();
        // How many calls ran at once on average, whatever a call took on a machine that is busy.
        double secondsPerCall = 1e-9 * Arrays.stream(timing.nanos()).average().orElseThrow();
        assertThat(timing.tokensPerSecond() / 2 * secondsPerCall).isLessThanOrEqualTo(3);
        assertThat(timing.tokensPerSecond())
                .as("of the time that passed, which is some of that of the race")
                .isGreaterThan(2 * timing.nanos().length / seconds);
    }

    @Test
    void aCallersMistakeFailsTheRun() {
        Contender reference = giving("peer", true, 1);
        Thread main = Thread.currentThread();
        Contender bad = contender("bad", true, _ -> {
            if (Thread.currentThread() != main) {
                throw new IllegalStateException("out of luck");
            }
            return new float[][] {{1}};
        });
        var scenario = new Scenario("many", "two callers", 2, ONE_CALL);
        assertThatThrownBy(() -> new Race(1, 0).run(scenario, reference, List.of(bad)))
                .hasMessage("bad: out of luck");
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS))
                    .as("three run at once")
                    .isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void percentilesAreThoseOfTheNearestRank() {
        var timing = new Race.Timing(giving("x", true, 1), new long[] {1000, 2000, 3000, 4000}, 1, 1, 0, 1);
        assertThat(timing.micros(0.5)).isEqualTo(2);
        assertThat(timing.micros(0.51)).isEqualTo(3);
        assertThat(timing.micros(0.99)).isEqualTo(4);
        assertThat(timing.micros(0)).isEqualTo(1);
    }
}
