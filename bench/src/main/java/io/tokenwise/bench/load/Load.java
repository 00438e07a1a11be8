package io.tokenwise.bench.load;

import java.util.List;
import java.util.Locale;

/**
 * How many requests come when: phases of Poisson arrivals.
 *
 * @param name as tables have it
 * @param phases one after the other
 * @param neighbourPhase the phase in which another process takes the server's core, half of it; -1 for none
 */
record Load(String name, List<Phase> phases, int neighbourPhase) {
    /**
     * Arrivals at one rate.
     *
     * @param times the rate, as a multiple of what the server answers at full budget
     */
    record Phase(double seconds, double times) {}

    /** One rate throughout. */
    static Load poisson(double times, double seconds) {
        return new Load(String.format(Locale.ROOT, "%.1f x", times), List.of(new Phase(seconds, times)), -1);
    }

    /** Too much for a while, then little again. */
    static Load step(double seconds) {
        return new Load(
                "step .6 -> 1.3 -> .6",
                List.of(new Phase(seconds, 0.6), new Phase(seconds, 1.3), new Phase(seconds, 0.6)),
                -1);
    }

    /** Three times as much as the server answers, for two seconds. */
    static Load burst(double seconds) {
        return new Load(
                "burst of 3 for 2 s",
                List.of(new Phase(seconds / 2, 0.6), new Phase(2, 3), new Phase(seconds / 2, 0.6)),
                -1);
    }

    /** A load that fits until another process wants the same core. */
    static Load neighbour(double seconds) {
        return new Load(
                "noisy neighbour at .6",
                List.of(new Phase(seconds / 2, 0.6), new Phase(seconds, 0.6), new Phase(seconds / 2, 0.6)),
                1);
    }

    double seconds() {
        return phases.stream().mapToDouble(Phase::seconds).sum();
    }

    /** When a phase begins, in seconds. */
    double begin(int phase) {
        return phases.subList(0, phase).stream().mapToDouble(Phase::seconds).sum();
    }

    /** In which phase a second lies. */
    int phaseAt(double second) {
        int phase = 0;
        while (phase < phases.size() - 1 && second >= begin(phase + 1)) {
            phase++;
        }
        return phase;
    }
}
