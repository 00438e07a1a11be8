package io.tokenwise;

import com.sun.management.OperatingSystemMXBean;
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
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.bert.BertArchitecture;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.session.Sessions;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A program that runs forwards of several kinds, each until 50 in a row allocate nothing on the heap, or so often that the compiler must have seen
 * everything. It prints a line for each kind that still allocates, with where. The argument is the folder that {@link #write} has filled; scratch files go there too.
 */
final class WarmForward {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int FORWARDS = 50;
    /** Only compiled code keeps vectors in registers. */
    private static final int ROUNDS = 400;

    /** Where the compiler gets no time, it takes more of them. */
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

    /** What two cores give in that time, and one that is shared with other processes in as long as it takes: the compiler has its part of it. */
    private static final long PATIENCE_CPU_NANOS = 2 * PATIENCE_NANOS;

    private static final OperatingSystemMXBean PROCESS =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

    /** Half of MiniLM's widths, and two layers: what runs once a forward is compiled after thousands of them. Learners are still wide enough for oneDNN. */
    private static final BertArchitecture SIZES = new BertArchitecture(192, 2, 3, 768, 30_522, 130, 2, 1e-12);

    private static final String DENSE = "dense";
    private static final String LEARNERS = "learners";
    private static final String LEAVING = "leaving";

    /** The last is long enough for attention in bfloat16. */
    private static final List<int[]> TEXTS = TestModels.sequences(3, 1, 128);

    /** Without oneDNN nothing hangs on whether a text has 40 tokens or 128, and it takes most forwards until all is compiled. */
    private static final List<int[]> TEXTS_WITHOUT_ONEDNN = TestModels.sequences(3, 1, 40);

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
        Path folder = Path.of(args[0]);
        for (Kind kind : List.of(
                new Kind(1, false, null),
                new Kind(2, false, null),
                new Kind(1, true, null),
                new Kind(2, true, null),
                new Kind(2, true, Precision.F32),
                new Kind(2, true, Precision.BF16),
                new Kind(1, false, Precision.S8),
                new Kind(2, true, Precision.S8))) {
            Set<Thread> before = Thread.getAllStackTraces().keySet();
            try (Backend backend = kind.openIfPossible()) {
                if (backend != null) {
                    long[] workers = workers(before, kind.threads - 1);
                    measureShortPath(kind, backend, workers, folder);
                    measure(kind, backend, workers, folder);
                }
            }
        }
    }

    /** The models that it reads, for the process that starts it: the code that makes them would be compiled there too. */
    static void write(Path folder) throws IOException {
        TestModels.write(folder.resolve(DENSE), SIZES);
        try (Backend backend = VectorBackend.open(2);
                ModelFiles files = Models.open(folder.resolve(DENSE));
                Encoder learners = Encoder.load(files, backend);
                Encoder leaving = TestModels.shortPath(files, backend)) {
            TestModels.acmize(learners, AdaptiveLayers.parse("mlp,qk,vo", 4), TEXTS);
            TestModels.randomizeGates(learners, 0.3);
            Acmizer.split(learners.acms(), split(learners));
            learners.save(folder.resolve(LEARNERS), files.tokenizer(), ModelWriter.Existing.KEEP);
            leaving.save(folder.resolve(LEAVING), files.tokenizer(), ModelWriter.Existing.KEEP);
        }
    }

    private static void measure(Kind kind, Backend backend, long[] workers, Path folder) throws IOException {
        try (ModelFiles files = Models.open(folder.resolve(kind.adaptive ? LEARNERS : DENSE));
                Encoder encoder = Encoder.load(files, backend);
                var sessions = new Sessions(encoder, backend, 256, 1)) {
            var texts = kind.oneDnn == null ? TEXTS_WITHOUT_ONEDNN : TEXTS;
            var batch = TokenBatch.of(texts.toArray(int[][]::new));
            var vectors = new float[batch.sequences() * encoder.hidden()];
            Runnable round = () -> {
                for (int i = 0; i < FORWARDS; i++) {
                    sessions.encode(batch, BUDGETS.get(i % BUDGETS.size()), null, vectors);
                }
            };
            report(kind.toString(), round, workers, folder);
        }
    }

    /** The same of a model whose tokens leave; each call's inputs have one width. */
    private static void measureShortPath(Kind kind, Backend backend, long[] workers, Path folder) throws IOException {
        if (!kind.adaptive) {
            return;
        }
        try (ModelFiles files = Models.open(folder.resolve(LEAVING));
                Encoder encoder = Encoder.load(files, backend);
                var sessions = new Sessions(encoder, backend, 256, 1)) {
            var batch = TokenBatch.of(TestModels.sequences(12, 12, 12).toArray(int[][]::new));
            var vectors = new float[batch.sequences() * encoder.hidden()];
            Runnable round = () -> {
                for (int i = 0; i < FORWARDS; i++) {
                    sessions.encode(batch, SHORT.get(i % SHORT.size()), null, vectors);
                }
            };
            report(kind + " whose tokens leave", round, workers, folder);
        }
    }

    private static void report(String what, Runnable round, long[] workers, Path scratch) throws IOException {
        long bytes = leastAllocated(round, workers);
        if (bytes > 0) {
            System.out.println(what + ": " + FORWARDS + " forwards still allocate " + bytes + " bytes after " + ROUNDS
                    + " rounds and more\n"
                    + AllocationSites.of(() -> IntStream.range(0, ROUNDS).forEach(_ -> round.run()), scratch));
        }
    }

    private static BudgetSplit split(Encoder encoder) {
        return new BudgetSplit(
                List.of(0.1, 0.5, 1.0),
                encoder.acms().stream().collect(Collectors.toMap(Acm::path, _ -> List.of(0.3, 0.4, 1.0))));
    }

    private static long leastAllocated(Runnable round, long[] workers) {
        long least = Long.MAX_VALUE;
        long start = System.nanoTime();
        long startCpu = PROCESS.getProcessCpuTime();
        for (int i = 0; least > 0 && (i < ROUNDS || isPatient(start, startCpu)); i++) {
            long before = allocated(workers);
            round.run();
            least = Math.min(least, allocated(workers) - before);
        }
        return least;
    }

    private static boolean isPatient(long start, long startCpu) {
        return System.nanoTime() - start < PATIENCE_NANOS
                || PROCESS.getProcessCpuTime() - startCpu < PATIENCE_CPU_NANOS;
    }

    /** @param before threads that are no workers of this backend: those of the last one may still be about to end */
    private static long[] workers(Set<Thread> before, int count) {
        long[] workers = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> !before.contains(thread) && thread.getName().startsWith("tokenwise-worker"))
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
