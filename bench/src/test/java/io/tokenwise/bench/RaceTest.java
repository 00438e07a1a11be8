package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class RaceTest {
    private static final Scenario ONE_TEXT = new Scenario("one", "one text", List.of(List.of(new int[] {1, 2})));

    private static Contender contender(String label, boolean exact, Function<List<int[]>, float[][]> encode) {
        return new Contender(label, "tokenwise", "dense", 1, "vector", "f32", exact, encode);
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
        Function<String, Contender> slow = label -> contender(label, true, _ -> {
            // Longer than a turn, so that a turn is one call and the one before it.
            sleep(60);
            order.add(label);
            return new float[][] {{1}};
        });
        Contender a = slow.apply("a");
        Contender b = slow.apply("b");
        new Race(2, 0).run(ONE_TEXT, a, List.of(a, b));
        int checkAndWarmUp = 4 + 2;
        assertThat(String.join("", order.subList(checkAndWarmUp, order.size()))).isEqualTo("aabb" + "bbaa");
    }

    @Test
    void whatACallAllocatesIsCounted() {
        Contender wasteful = contender("wasteful", true, _ -> new float[][] {new float[] {1}, new float[100_000]});
        Contender reference = giving("peer", true, 1);
        List<Race.Timing> timings = new Race(2, 0).run(ONE_TEXT, reference, List.of(wasteful));
        assertThat(timings.getFirst().heapBytes()).isBetween(400_000L, 410_000L);
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
        var timing = new Race.Timing(giving("x", true, 1), new long[] {1000, 2000, 3000, 4000}, 0, 1);
        assertThat(timing.micros(0.5)).isEqualTo(2);
        assertThat(timing.micros(0.51)).isEqualTo(3);
        assertThat(timing.micros(0.99)).isEqualTo(4);
        assertThat(timing.micros(0)).isEqualTo(1);
    }
}
