package io.tokenwise.bench;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Times candidates side by side on this thread, in which all of their work is done: after warm-up they take turns, round by round, each round
 * beginning with another one. A turn is a call that is not timed, which brings the candidate's weights back into the caches, and then calls for
 * about {@link #TURN_NANOS}; calls longer than that are their own warm-up.
 */
final class CandidateTimes {
    private static final long TURN_NANOS = 40_000_000L;
    private static final int MOST_CALLS = 64;
    private static final ThreadMXBean THREADS = ManagementFactory.getPlatformMXBean(ThreadMXBean.class);

    private final Embedder embedder;
    private final List<List<int[]>> calls;
    private final List<Long> nanos = new ArrayList<>();
    private long cpuNanos;
    private int callsPerTurn;
    private int next;

    private CandidateTimes(Embedder embedder, TimedTexts texts) {
        this.embedder = embedder;
        calls = texts.calls().stream()
                .map(call ->
                        call.stream().map(text -> embedder.tokens("", text)).toList())
                .toList();
    }

    /**
     * What one candidate took.
     *
     * @param p50Micros median of a call
     * @param cpuSecondsPerThousand processor time of the calling thread for 1,000 texts
     * @param tokensPerText that its model was given, mean
     */
    record Timing(double p50Micros, double cpuSecondsPerThousand, double tokensPerText) {}

    /**
     * Times all.
     *
     * @param rounds turns of each
     * @param warmUpNanos time for each before that
     */
    static List<Timing> of(List<Embedder> embedders, TimedTexts texts, int rounds, long warmUpNanos) {
        List<CandidateTimes> all = embedders.stream()
                .map(embedder -> new CandidateTimes(embedder, texts))
                .toList();
        all.forEach(one -> one.warmUp(warmUpNanos));
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < all.size(); i++) {
                all.get((round + i) % all.size()).turn();
            }
        }
        return all.stream().map(one -> one.timing(texts.textsPerCall())).toList();
    }

    private void warmUp(long warmUpNanos) {
        long start = System.nanoTime();
        long elapsed;
        int done = 0;
        do {
            call();
            done++;
            elapsed = System.nanoTime() - start;
        } while (elapsed < warmUpNanos);
        callsPerTurn = (int) Math.clamp(done * TURN_NANOS / elapsed, 1L, MOST_CALLS);
    }

    private void turn() {
        if (callsPerTurn > 1) {
            call();
        }
        long cpu = THREADS.getCurrentThreadCpuTime();
        for (int i = 0; i < callsPerTurn; i++) {
            long start = System.nanoTime();
            call();
            nanos.add(System.nanoTime() - start);
        }
        cpuNanos += THREADS.getCurrentThreadCpuTime() - cpu;
    }

    private void call() {
        var _ = embedder.encode(calls.get(next++ % calls.size()));
    }

    private Timing timing(int textsPerCall) {
        long[] sorted = nanos.stream().flatMapToLong(LongStream::of).sorted().toArray();
        double tokens = calls.stream()
                .flatMap(List::stream)
                .mapToInt(ids -> ids.length)
                .average()
                .orElseThrow();
        return new Timing(
                sorted[(sorted.length - 1) / 2] / 1e3, cpuNanos / 1e9 / sorted.length / textsPerCall * 1000, tokens);
    }
}
