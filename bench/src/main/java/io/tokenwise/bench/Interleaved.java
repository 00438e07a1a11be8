package io.tokenwise.bench;

import java.util.Arrays;
import java.util.List;

/**
 * Times pieces of work side by side: after warm-up they take turns, each round beginning with another one.
 *
 * @param rounds turns of each
 * @param warmUpNanos time for each before that
 * @param turnNanos a turn repeats its work for about as long
 */
record Interleaved(int rounds, long warmUpNanos, long turnNanos) {
    /** Median seconds of each piece of work. */
    double[] medians(List<Runnable> work) {
        int count = work.size();
        int[] repeats = work.stream().mapToInt(this::warmUp).toArray();
        var seconds = new double[count][rounds];
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < count; i++) {
                int turn = (round + i) % count;
                seconds[turn][round] = time(work.get(turn), repeats[turn]);
            }
        }
        return Arrays.stream(seconds).mapToDouble(Interleaved::median).toArray();
    }

    /** Returns how often it runs in a turn. */
    private int warmUp(Runnable work) {
        long start = System.nanoTime();
        long elapsed;
        int runs = 0;
        do {
            work.run();
            runs++;
            elapsed = System.nanoTime() - start;
        } while (elapsed < warmUpNanos);
        return (int) Math.max(1, runs * turnNanos / elapsed);
    }

    private static double time(Runnable work, int repeats) {
        long start = System.nanoTime();
        for (int i = 0; i < repeats; i++) {
            work.run();
        }
        return (System.nanoTime() - start) * 1e-9 / repeats;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
