package io.tokenwise.bench.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class ArrivalTest {
    private static final int TEXTS = 50;

    @Test
    void sameSeedSameArrivals() {
        Load load = Load.step(5);
        assertThat(Arrival.of(load, 100, TEXTS, 1))
                .isEqualTo(Arrival.of(load, 100, TEXTS, 1))
                .isNotEqualTo(Arrival.of(load, 100, TEXTS, 2));
    }

    @Test
    void eachPhaseHasItsRate() {
        Load load = Load.step(100);
        List<Arrival> arrivals = Arrival.of(load, 100, TEXTS, 3);
        for (int phase = 0; phase < 3; phase++) {
            int number = phase;
            double rate = arrivals.stream().filter(a -> a.phase() == number).count() / 100.0;
            // Five standard deviations of a Poisson count.
            double expected = 100 * load.phases().get(phase).times();
            assertThat(rate).isCloseTo(expected, within(5 * Math.sqrt(expected / 100)));
            assertThat(arrivals.stream().filter(a -> a.phase() == number))
                    .allMatch(a -> load.phaseAt(a.atNanos() / 1e9) == number);
        }
        assertThat(arrivals).isSortedAccordingTo((a, b) -> Long.compare(a.atNanos(), b.atNanos()));
    }

    @Test
    void gapsAreThoseOfChance() {
        List<Arrival> arrivals = Arrival.of(Load.poisson(1, 200), 100, TEXTS, 4);
        double sum = 0;
        double squares = 0;
        for (int i = 1; i < arrivals.size(); i++) {
            double gap = (arrivals.get(i).atNanos() - arrivals.get(i - 1).atNanos()) / 1e9;
            sum += gap;
            squares += gap * gap;
        }
        int gaps = arrivals.size() - 1;
        double mean = sum / gaps;
        // Exponential gaps spread as much as their mean.
        assertThat(Math.sqrt(squares / gaps - mean * mean) / mean).isCloseTo(1, within(0.05));
        assertThat(arrivals.stream().filter(Arrival::pinned).count() / (double) arrivals.size())
                .isCloseTo(0.05, within(0.01));
    }
}
