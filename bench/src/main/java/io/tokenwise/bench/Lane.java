package io.tokenwise.bench;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.stream.LongStream;

/**
 * One contender in one scenario: its callers, how many calls make a turn, and what was measured so far. A turn is one call of each caller
 * that is not timed, which brings the contender's weights back into the caches, and then calls for about {@link #TURN_NANOS}, each timed by
 * itself. Calls longer than that are their own warm-up.
 */
final class Lane {
    private static final long TURN_NANOS = 40_000_000L;

    /** Several callers take turns on the processors: a turn must be long enough for all to have theirs. */
    private static final long CALLERS_TURN_NANOS = 200_000_000L;

    private static final int MOST_CALLS = 64;

    /** Before the JIT has compiled vector code a call may take a hundred times as long: a second is a handful of calls then. */
    private static final int LEAST_WARM_UP_CALLS = 30;

    /** Calls that stay long get no more than so many times the warm-up. */
    private static final int MOST_WARM_UP = 6;

    private static final ThreadMXBean THREADS = ManagementFactory.getPlatformMXBean(ThreadMXBean.class);
    private static final OperatingSystemMXBean PROCESS =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

    private final Contender contender;
    private final Scenario scenario;
    private final ExecutorService threads;
    private final List<Contender.Caller> callers = new ArrayList<>();
    private final List<long[]> samples = new ArrayList<>();
    private int callsPerTurn;
    private int next;
    private long heapBytes;
    private long wallNanos;
    private long cpuNanos;

    /** @param threads at least as many as the scenario has callers */
    Lane(Contender contender, Scenario scenario, ExecutorService threads) {
        this.contender = contender;
        this.scenario = scenario;
        this.threads = threads;
        for (int i = 0; i < scenario.callers(); i++) {
            callers.add(contender.callers().get());
        }
    }

    /** What a caller's calls in one turn took. */
    private record Share(long[] nanos, long heapBytes) {}

    /** Runs for a while and finds out how many calls make a turn. Returns the nanoseconds of a call. */
    long warmUp(long nanos) {
        long start = System.nanoTime();
        long elapsed;
        int calls = 0;
        do {
            together(1);
            calls++;
            elapsed = System.nanoTime() - start;
        } while (elapsed < nanos || calls < LEAST_WARM_UP_CALLS && elapsed < MOST_WARM_UP * nanos);
        long turn = callers.size() == 1 ? TURN_NANOS : CALLERS_TURN_NANOS;
        callsPerTurn = (int) Math.clamp(calls * turn / elapsed, 1L, MOST_CALLS);
        return elapsed / calls;
    }

    void turn() {
        if (callsPerTurn > 1) {
            together(1);
        }
        long cpu = PROCESS.getProcessCpuTime();
        long start = System.nanoTime();
        for (Share share : together(callsPerTurn)) {
            samples.add(share.nanos);
            heapBytes += share.heapBytes;
        }
        wallNanos += System.nanoTime() - start;
        cpuNanos += PROCESS.getProcessCpuTime() - cpu;
    }

    Race.Timing timing(double cosine) {
        long[] nanos = samples.stream().flatMapToLong(LongStream::of).sorted().toArray();
        double texts = nanos.length * scenario.textsPerCall();
        double median = nanos[(nanos.length + 1) / 2 - 1];
        double secondsPerCall = callers.size() == 1 ? median / 1e9 : wallNanos / 1e9 / nanos.length;
        return new Race.Timing(
                contender,
                nanos,
                scenario.tokensPerCall() / secondsPerCall,
                cpuNanos / 1e9 / texts * 1000,
                heapBytes / nanos.length,
                cosine);
    }

    /** All callers at once, each with so many calls. */
    private List<Share> together(int calls) {
        int from = next;
        next += calls;
        if (callers.size() == 1) {
            return List.of(share(callers.getFirst(), from, calls));
        }
        var tasks = new ArrayList<Callable<Share>>();
        for (int i = 0; i < callers.size(); i++) {
            // Each begins with another text.
            int first = from + i * scenario.calls().size() / callers.size();
            Contender.Caller caller = callers.get(i);
            tasks.add(() -> share(caller, first, calls));
        }
        try {
            var shares = new ArrayList<Share>();
            for (Future<Share> share : threads.invokeAll(tasks)) {
                shares.add(share.get());
            }
            return shares;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(
                    contender.label() + ": " + e.getCause().getMessage(), e.getCause());
        }
    }

    private Share share(Contender.Caller caller, int from, int calls) {
        var nanos = new long[calls];
        long before = THREADS.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < calls; i++) {
            long start = System.nanoTime();
            var _ = caller.encode(scenario.call(from + i));
            nanos[i] = System.nanoTime() - start;
        }
        return new Share(nanos, THREADS.getCurrentThreadAllocatedBytes() - before);
    }
}
