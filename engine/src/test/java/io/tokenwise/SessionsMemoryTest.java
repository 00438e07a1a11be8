package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.tokenwise.acm.AdaptiveLayers;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.BackendChoice;
import io.tokenwise.backend.Precision;
import io.tokenwise.backend.VectorBackend;
import io.tokenwise.model.Encoder;
import io.tokenwise.nn.Budget;
import io.tokenwise.nn.TokenBatch;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a warm forward allocates: nothing on the heap, and natively no more than it holds. */
class SessionsMemoryTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int FORWARDS = 50;
    /** Rounds until the compiler must have seen everything; only compiled code keeps vectors in registers. */
    private static final int ROUNDS = 200;

    @ParameterizedTest
    @CsvSource({
        "1, false, ",
        "2, false, ",
        "1, true, ",
        "2, true, ",
        "2, true, F32",
        "2, true, BF16",
        "1, false, S8",
        "2, true, S8"
    })
    void warmForwardAllocatesNothingOnTheHeap(int threads, boolean adaptive, Precision oneDnn, @TempDir Path directory)
            throws IOException {
        List<int[]> texts = TestModels.sequences(3, 1, 7);
        try (Backend backend = oneDnn == null ? VectorBackend.open(threads) : TestModels.oneDnn(oneDnn, threads);
                Encoder encoder = TestModels.builtIn("minilm", backend);
                var sessions = new Sessions(encoder, backend, 256, 1)) {
            if (adaptive) {
                TestModels.acmize(encoder, AdaptiveLayers.parse("mlp,qk,vo", 8), texts);
                TestModels.randomizeGates(encoder, 0.3);
            }
            var batch = TokenBatch.of(texts.toArray(int[][]::new));
            var vectors = new float[batch.sequences() * encoder.hidden()];
            Budget[] budgets = {Budget.FULL, Budget.of(0.5), Budget.hard(0.4), Budget.fixed(0.25)};
            long[] workers = workers();
            assertThat(workers).hasSize(threads - 1);
            Runnable round = () -> {
                for (int i = 0; i < FORWARDS; i++) {
                    sessions.encode(batch, budgets[i % budgets.length], null, vectors);
                }
            };
            long bytes = 1;
            for (int i = 0; i < ROUNDS && bytes > 0; i++) {
                long before = allocated(workers);
                round.run();
                bytes = allocated(workers) - before;
            }
            assertThat(bytes)
                    .withFailMessage(
                            "%d forwards still allocate %d bytes after %d rounds%n%s",
                            FORWARDS, bytes, ROUNDS, bytes == 0 ? "" : AllocationSites.of(round, directory))
                    .isZero();
        }
    }

    private static long[] workers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("tokenwise-worker"))
                .mapToLong(Thread::threadId)
                .toArray();
    }

    private static long allocated(long[] workers) {
        long bytes = THREADS.getCurrentThreadAllocatedBytes();
        for (long worker : workers) {
            bytes += THREADS.getThreadAllocatedBytes(worker);
        }
        return bytes;
    }

    /** Whole calls on texts of all lengths, tokenizer included. */
    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "reads /proc/self/status")
    void nativeMemoryIsFlatOverTenThousandCalls(@TempDir Path directory) throws IOException {
        Path small = directory.resolve("small");
        TestModels.writeSmall(small);
        var options = new EncoderOptions(2, 64, 2, BackendChoice.FLOAT32);
        try (TextEncoder encoder = TextEncoder.open(small.toString(), options)) {
            call(encoder, 2_000);
            long held = encoder.sessions().workspaceBytes();
            long resident = residentBytes();
            call(encoder, 10_000);
            assertThat(encoder.sessions().workspaceBytes()).isEqualTo(held);
            // A leak of a single tensor or encoding a call would be more than that; the heap may still grow a little.
            assertThat(residentBytes() - resident).isLessThan(24L << 20);
        }
    }

    private static void call(TextEncoder encoder, int calls) {
        var random = new SplittableRandom(1);
        for (int i = 0; i < calls; i++) {
            encoder.embed(List.of("word ".repeat(random.nextInt(50)), "two texts"));
        }
    }

    private static long residentBytes() throws IOException {
        System.gc();
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("[^0-9]", "")))
                .findFirst()
                .orElseThrow();
    }
}
