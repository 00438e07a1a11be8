package io.tokenwise.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Times contenders side by side: after warm-up they take turns, round by round, each round beginning with another one, so that whatever
 * else the machine does meets all alike.
 *
 * @param rounds turns of each contender; half as many where a call takes long
 * @param warmUpNanos time for each contender before that
 */
record Race(int rounds, long warmUpNanos) {
    /** A round of calls longer than this would take minutes. */
    private static final long LONG_CALL_NANOS = 150_000_000L;

    private static final int LEAST_ROUNDS = 5;

    /** Float rounding alone leaves 1 - 1e-6 or more. */
    private static final double SAME = 0.9999;

    /**
     * What one contender did.
     *
     * @param nanos of each timed call, ascending
     * @param tokensPerSecond of one caller by its median, of several by the time that passed
     * @param cpuSecondsPerThousandTexts of all threads of this process, the JIT's and collector's among them
     * @param heapBytes that the calling thread allocated in a timed call, mean. Many mean that the JIT has left vectors boxed
     * @param cosine to the reference's vectors, the lowest of the texts
     */
    record Timing(
            Contender contender,
            long[] nanos,
            double tokensPerSecond,
            double cpuSecondsPerThousandTexts,
            long heapBytes,
            double cosine) {
        /** The time that a share of the calls did not exceed, by nearest rank. */
        double micros(double share) {
            int rank = (int) Math.ceil(share * nanos.length);
            return nanos[Math.max(1, rank) - 1] / 1e3;
        }
    }

    /**
     * Checks and times all contenders.
     *
     * @param reference gives the dense float32 model's vectors
     * @throws IllegalStateException if a contender that must be exact gives other vectors than the reference
     */
    List<Timing> run(Scenario scenario, Contender reference, List<Contender> contenders) {
        double[] cosines = cosines(scenario, reference, contenders);
        try (ExecutorService threads = Executors.newFixedThreadPool(scenario.callers())) {
            var lanes = new ArrayList<Lane>();
            for (Contender contender : contenders) {
                lanes.add(new Lane(contender, scenario, threads));
            }
            long slowest = 0;
            for (Lane lane : lanes) {
                slowest = Math.max(slowest, lane.warmUp(warmUpNanos));
            }
            int turns = slowest > LONG_CALL_NANOS ? Math.min(rounds, Math.max(LEAST_ROUNDS, rounds / 2)) : rounds;
            for (int round = 0; round < turns; round++) {
                for (int i = 0; i < lanes.size(); i++) {
                    lanes.get((round + i) % lanes.size()).turn();
                }
            }
            var timings = new ArrayList<Timing>();
            for (int i = 0; i < cosines.length; i++) {
                timings.add(lanes.get(i).timing(cosines[i]));
            }
            return timings;
        }
    }

    /** The lowest cosine of each contender's vectors to the reference's. */
    private static double[] cosines(Scenario scenario, Contender reference, List<Contender> contenders) {
        Contender.Caller dense = reference.callers().get();
        List<float[][]> expected = scenario.calls().stream().map(dense::encode).toList();
        return contenders.stream()
                .mapToDouble(contender -> {
                    Contender.Caller caller = contender.callers().get();
                    double lowest = 1;
                    for (int i = 0; i < expected.size(); i++) {
                        double[] cosines = Quality.cosines(expected.get(i), caller.encode(scenario.call(i)));
                        for (double cosine : cosines) {
                            lowest = Math.min(lowest, cosine);
                        }
                    }
                    // Written so that NaN fails too.
                    if (contender.exact() && !(lowest > SAME)) {
                        throw new IllegalStateException(scenario.name() + ": " + contender.label() + " and "
                                + reference.label() + " must agree, but the cosine of their vectors is " + lowest);
                    }
                    return lowest;
                })
                .toArray();
    }
}
