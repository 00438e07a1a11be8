package io.tokenwise;

import com.sun.management.ThreadMXBean;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.BudgetSplit;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.choice.Backends;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.session.Sessions;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A program that runs forwards of several kinds, each until 50 in a row allocate nothing on the heap, or so often that the compiler must have seen
 * everything. It prints a line for each kind that still allocates, with where. The argument is a folder for scratch files.
 */
final class WarmForward {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int FORWARDS = 50;
    /** Only compiled code keeps vectors in registers. */
    private static final int ROUNDS = 200;

    private static final List<int[]> TEXTS = TestModels.sequences(3, 1, 7);
    private static final List<Budget> BUDGETS =
            List.of(Budget.FULL, Budget.flops(0.5), Budget.hard(0.4), Budget.fixed(0.25));

    private static final List<Budget> SHORT =
            List.of(Budget.FULL, Budget.of(0.5), Budget.hard(0.8), Budget.flops(0.3), Budget.fixed(0.6));

    private WarmForward() {}

    /** @param oneDnn its precision, or null for the pure Java backend */
    private record Kind(int threads, boolean adaptive, Precision oneDnn) {
        /** Null where oneDNN or the CPU's instructions are missing. */
        Backend openIfPossible() {
            if (oneDnn == null) {
                return VectorBackend.open(threads);
            }
            try {
                return Backends.open(new BackendChoice(BackendChoice.Kind.ONEDNN, oneDnn), threads);
            } catch (IllegalArgumentException e) {
                System.err.println("left out: " + e.getMessage());
                return null;
            }
        }
    }

    public static void main(String[] args) throws IOException {
        for (Kind kind : List.of(
                new Kind(1, false, null),
                new Kind(2, false, null),
                new Kind(1, true, null),
                new Kind(2, true, null),
                new Kind(2, true, Precision.F32),
                new Kind(2, true, Precision.BF16),
                new Kind(1, false, Precision.S8),
                new Kind(2, true, Precision.S8))) {
            try (Backend backend = kind.openIfPossible()) {
                if (backend != null) {
                    measure(kind, backend, Path.of(args[0]));
                }
            }
        }
    }

    private static void measure(Kind kind, Backend backend, Path scratch) throws IOException {
        measureShortPath(kind, backend, scratch);
        try (Encoder encoder = TestModels.builtIn("minilm", backend);
                var sessions = new Sessions(encoder, backend, 256, 1)) {
            if (kind.adaptive) {
                TestModels.acmize(encoder, AdaptiveLayers.parse("mlp,qk,vo", 8), TEXTS);
                TestModels.randomizeGates(encoder, 0.3);
                Acmizer.split(encoder.acms(), split(encoder));
            }
            var batch = TokenBatch.of(TEXTS.toArray(int[][]::new));
            var vectors = new float[batch.sequences() * encoder.hidden()];
            Runnable round = () -> {
                for (int i = 0; i < FORWARDS; i++) {
                    sessions.encode(batch, BUDGETS.get(i % BUDGETS.size()), null, vectors);
                }
            };
            report(kind.toString(), round, kind.threads - 1, scratch);
        }
    }

    /** The same of a model whose tokens leave; each call's inputs have one width. */
    private static void measureShortPath(Kind kind, Backend backend, Path scratch) throws IOException {
        if (!kind.adaptive) {
            return;
        }
        try (ModelFiles files = Models.builtIn("minilm");
                Encoder encoder = TestModels.shortPath(files, backend);
                var sessions = new Sessions(encoder, backend, 256, 1)) {
            var batch = TokenBatch.of(TestModels.sequences(12, 12, 12).toArray(int[][]::new));
            var vectors = new float[batch.sequences() * encoder.hidden()];
            Runnable round = () -> {
                for (int i = 0; i < FORWARDS; i++) {
                    sessions.encode(batch, SHORT.get(i % SHORT.size()), null, vectors);
                }
            };
            report(kind + " whose tokens leave", round, kind.threads - 1, scratch);
        }
    }

    private static void report(String what, Runnable round, int workers, Path scratch) throws IOException {
        long bytes = leastAllocated(round, workers(workers));
        if (bytes > 0) {
            System.out.println(what + ": " + FORWARDS + " forwards still allocate " + bytes + " bytes after " + ROUNDS
                    + " rounds\n" + AllocationSites.of(round, scratch));
        }
    }

    private static BudgetSplit split(Encoder encoder) {
        return new BudgetSplit(
                List.of(0.1, 0.5, 1.0),
                encoder.acms().stream().collect(Collectors.toMap(Acm::path, _ -> List.of(0.3, 0.4, 1.0))));
    }

    private static long leastAllocated(Runnable round, long[] workers) {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < ROUNDS && least > 0; i++) {
            long before = allocated(workers);
            round.run();
            least = Math.min(least, allocated(workers) - before);
        }
        return least;
    }

    private static long[] workers(int count) {
        long[] workers = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("tokenwise-worker"))
                .mapToLong(Thread::threadId)
                .toArray();
        if (workers.length != count) {
            throw new IllegalStateException(workers.length + " workers, wanted " + count);
        }
        return workers;
    }

    private static long allocated(long[] workers) {
        long bytes = THREADS.getCurrentThreadAllocatedBytes();
        for (long worker : workers) {
            bytes += THREADS.getThreadAllocatedBytes(worker);
        }
        return bytes;
    }
}
