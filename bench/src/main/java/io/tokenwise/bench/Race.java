package io.tokenwise.bench;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Times contenders side by side: after warm-up they take turns, round by round, each round beginning with another one, so that whatever
 * else the machine does meets all alike. A turn is one call that is not timed, which brings the contender's weights back into the caches, and
 * then calls for about {@link #TURN_NANOS}, each timed by itself.
 *
 * @param rounds turns of each contender
 * @param warmUpNanos time for each contender before that
 */
record Race(int rounds, long warmUpNanos) {
    private static final long TURN_NANOS = 40_000_000L;
    private static final int MOST_CALLS = 64;
    private static final ThreadMXBean THREADS = ManagementFactory.getPlatformMXBean(ThreadMXBean.class);

    /** Float rounding alone leaves 1 - 1e-6 or more. */
    private static final double SAME = 0.9999;

    /**
     * What one contender did.
     *
     * @param nanos of each timed call, ascending
     * @param heapBytes that the calling thread allocated in a timed call, mean. Many mean that the JIT has left vectors boxed
     * @param cosine to the reference's vectors, the lowest of the texts
     */
    record Timing(Contender contender, long[] nanos, long heapBytes, double cosine) {
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
        double[] cosines = contenders.stream()
                .mapToDouble(contender -> lowestCosine(scenario, reference, contender))
                .toArray();
        int[] turns = contenders.stream()
                .mapToInt(contender -> warmUp(contender, scenario))
                .toArray();
        var nanos = new long[contenders.size()][];
        var heapBytes = new long[nanos.length];
        for (int i = 0; i < nanos.length; i++) {
            nanos[i] = new long[rounds * turns[i]];
        }
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < nanos.length; i++) {
                int turn = (round + i) % nanos.length;
                heapBytes[turn] += time(contenders.get(turn), scenario, nanos[turn], round * turns[turn], turns[turn]);
            }
        }
        var timings = new ArrayList<Timing>();
        for (int i = 0; i < nanos.length; i++) {
            Arrays.sort(nanos[i]);
            timings.add(new Timing(contenders.get(i), nanos[i], heapBytes[i] / nanos[i].length, cosines[i]));
        }
        return timings;
    }

    private static double lowestCosine(Scenario scenario, Contender reference, Contender contender) {
        double lowest = 1;
        for (List<int[]> call : scenario.calls()) {
            float[][] expected = reference.encode().apply(call);
            float[][] actual = contender.encode().apply(call);
            for (int i = 0; i < expected.length; i++) {
                lowest = Math.min(lowest, dot(expected[i], actual[i]));
            }
        }
        // Written so that NaN fails too.
        if (contender.exact() && !(lowest > SAME)) {
            throw new IllegalStateException(scenario.name() + ": " + contender.label() + " and " + reference.label()
                    + " must agree, but the cosine of their vectors is " + lowest);
        }
        return lowest;
    }

    private static double dot(float[] a, float[] b) {
        return IntStream.range(0, a.length)
                .mapToDouble(i -> (double) a[i] * b[i])
                .sum();
    }

    /** Returns how many calls make a turn. */
    private int warmUp(Contender contender, Scenario scenario) {
        long start = System.nanoTime();
        int calls = 0;
        long elapsed;
        do {
            call(contender, scenario, calls++);
            elapsed = System.nanoTime() - start;
        } while (elapsed < warmUpNanos);
        return Math.clamp(calls * TURN_NANOS / elapsed, 1, MOST_CALLS);
    }

    /** Returns the bytes that the timed calls allocated on this thread. */
    private static long time(Contender contender, Scenario scenario, long[] nanos, int from, int count) {
        call(contender, scenario, from);
        long before = THREADS.getCurrentThreadAllocatedBytes();
        for (int i = from; i < from + count; i++) {
            long start = System.nanoTime();
            call(contender, scenario, i);
            nanos[i] = System.nanoTime() - start;
        }
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }

    private static void call(Contender contender, Scenario scenario, int turn) {
        List<List<int[]>> calls = scenario.calls();
        var _ = contender.encode().apply(calls.get(turn % calls.size()));
    }
}
