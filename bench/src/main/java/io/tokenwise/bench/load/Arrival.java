package io.tokenwise.bench.load;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A request that is to be sent, whatever became of those before it.
 *
 * @param atNanos from the begin of the load
 * @param phase of the load
 * @param text which one of the pool
 * @param pinned whether its budget must not change with load
 */
record Arrival(long atNanos, int phase, int text, boolean pinned) {
    /** Of so many requests one is pinned. */
    private static final int PINNED = 20;

    /** The arrivals of a load, the same for the same seed: gaps between them are exponential. */
    static List<Arrival> of(Load load, double capacityPerSecond, int texts, long seed) {
        var random = new SplittableRandom(seed);
        var arrivals = new ArrayList<Arrival>();
        for (int phase = 0; phase < load.phases().size(); phase++) {
            double rate = load.phases().get(phase).times() * capacityPerSecond;
            double end = load.begin(phase) + load.phases().get(phase).seconds();
            double at = load.begin(phase) + gap(random, rate);
            while (at < end) {
                arrivals.add(new Arrival((long) (at * 1e9), phase, random.nextInt(texts), random.nextInt(PINNED) == 0));
                at += gap(random, rate);
            }
        }
        return arrivals;
    }

    private static double gap(SplittableRandom random, double rate) {
        return -Math.log(1 - random.nextDouble()) / rate;
    }
}
