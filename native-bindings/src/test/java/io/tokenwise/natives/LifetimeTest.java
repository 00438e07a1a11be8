package io.tokenwise.natives;

import static io.tokenwise.natives.DataType.F32;
import static io.tokenwise.natives.DataType.S32;
import static io.tokenwise.natives.DataType.S8;
import static io.tokenwise.natives.DataType.U8;
import static io.tokenwise.natives.Matrices.allocate;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** Who owns what, what happens after close, and what a warm call costs: of products by oneDNN, and of those that are our own where the CPU has them. */
@ParameterizedClass
@ValueSource(ints = {50, 48})
class LifetimeTest {
    private static final int ROWS = 24;
    private static final long SCRATCH_BYTES = 1 << 16;
    private static final Path TASKS = Path.of("/proc/self/task");

    private final int columns;
    private final ProductSpec integers;
    private final Arena arena = Arena.ofShared();
    private final Random random = new Random(5);
    private OneDnn oneDnn;

    LifetimeTest(int columns) {
        this.columns = columns;
        integers = ProductSpec.of(64, columns, U8, S8, S32);
    }

    @BeforeEach
    void open() {
        oneDnn = Matrices.library();
    }

    @AfterEach
    void close() {
        if (oneDnn != null) {
            oneDnn.close();
        }
        arena.close();
    }

    private Weights pack(OneDnn library, ProductSpec spec, MemorySegment b) {
        Product product = library.product(spec);
        return product.pack(b, allocate(arena, product.packedBytes()));
    }

    private Weights weights(ProductSpec spec) {
        return pack(oneDnn, spec, Matrices.weights(arena, random, oneDnn.isa(), spec.b(), (long) spec.k() * spec.n()));
    }

    /** For up to so many rows: with AMX fewer rows may want more scratch. */
    private Binding binding(ProductSpec spec, int rows) {
        return oneDnn.bind(
                Matrices.random(arena, random, spec.a(), (long) rows * spec.k()),
                allocate(arena, spec.cBytes(rows)),
                allocate(arena, Math.max(SCRATCH_BYTES, oneDnn.product(spec).scratchBytes(rows))));
    }

    @Test
    void equalSpecsShareOneProduct() {
        assertThat(oneDnn.product(integers)).isSameAs(oneDnn.product(ProductSpec.of(64, columns, U8, S8, S32)));
    }

    @Test
    void closingTwiceIsFineAndUseAfterCloseIsRefused() {
        Weights weights = weights(integers);
        Binding binding = binding(integers, ROWS);
        Binding other = binding(integers, ROWS);
        binding.run(weights, ROWS);
        binding.close();
        binding.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> binding.run(weights, ROWS))
                .withMessageContaining("closed");
        weights.close();
        weights.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> other.run(weights, ROWS))
                .withMessageContaining("weights have been closed");
        Weights more = weights(integers);
        Product product = oneDnn.product(integers);
        oneDnn.close();
        oneDnn.close();
        assertThatIllegalStateException().isThrownBy(() -> other.run(more, ROWS));
        assertThatIllegalStateException().isThrownBy(() -> product.scratchBytes(3));
        assertThatIllegalStateException().isThrownBy(() -> product.implementation(ROWS));
        assertThatIllegalStateException().isThrownBy(() -> product.weights(allocate(arena, product.packedBytes())));
        assertThatIllegalStateException().isThrownBy(() -> binding(integers, ROWS));
        more.close();
        other.close();
    }

    @Test
    void freedMemoryIsNotRead() {
        Arena shortLived = Arena.ofShared();
        Product product = oneDnn.product(integers);
        Weights weights = product.weights(allocate(shortLived, product.packedBytes()));
        Binding binding = binding(integers, ROWS);
        binding.run(weights, ROWS);
        shortLived.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> binding.run(weights, ROWS))
                .withMessageContaining("freed");
    }

    @Test
    void smallBuffersAreRefused() {
        Weights weights = weights(integers);
        MemorySegment a = allocate(arena, integers.aBytes(ROWS));
        MemorySegment c = allocate(arena, integers.cBytes(ROWS));
        MemorySegment scratch = allocate(arena, SCRATCH_BYTES);
        for (Binding binding : List.of(
                oneDnn.bind(a.asSlice(1), c, scratch),
                oneDnn.bind(a, c.asSlice(1), scratch),
                oneDnn.bind(a, c, scratch))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> binding.run(weights, ROWS + 1))
                    .withMessageContaining("bytes, but needs");
        }
        Product product = oneDnn.product(integers);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> product.pack(a.asSlice(0, 8), scratch))
                .withMessageContaining("B has 8 bytes, but needs " + 64 * columns);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> product.weights(MemorySegment.ofArray(new byte[1 << 16])))
                .withMessageContaining("native");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> product.scratchBytes(0))
                .withMessageContaining("0 rows");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ProductSpec.of(3, 3, U8, F32, F32))
                .withMessageContaining("no U8 x F32 -> F32");
    }

    @Test
    void weightsBelongToOneLibrary() throws OneDnnUnavailableException {
        try (OneDnn second = OneDnn.open()) {
            Weights weights = pack(second, integers, allocate(arena, integers.bBytes()));
            Binding binding = binding(integers, ROWS);
            assertThatIllegalArgumentException().isThrownBy(() -> binding.run(weights, ROWS));
        }
    }

    @Test
    void aWarmRunAllocatesNothing() {
        Weights some = weights(integers);
        Weights others = weights(integers);
        Binding binding = binding(integers, 2 * ROWS);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int attempt = 0; attempt < 50 && least > 0; attempt++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int call = 0; call < 2000; call++) {
                binding.run(call % 2 == 0 ? some : others, ROWS + call % 3);
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        assertThat(least).isZero();
    }

    /** Every thread must get what it gets alone, also while kernels are evicted and compiled again. */
    @Test
    void threadsShareKernelsAndEvictionIsSafe() throws Exception {
        oneDnn.close();
        oneDnn = OneDnn.open(3);
        MemorySegment b = Matrices.weights(arena, random, oneDnn.isa(), S8, 64 * columns);
        Weights weights = pack(oneDnn, integers, b);
        MemorySegment a = Matrices.random(arena, random, U8, ROWS * 64L);
        double[] expected = Matrices.product(
                integers, ROWS, Matrices.doubles(a, U8, ROWS * 64), Matrices.doubles(b, S8, 64 * columns), null);
        List<Future<Boolean>> results = new ArrayList<>();
        try (ExecutorService pool = Executors.newFixedThreadPool(3)) {
            for (int thread = 0; thread < 3; thread++) {
                int first = thread;
                results.add(pool.submit(() -> {
                    MemorySegment c = allocate(arena, integers.cBytes(ROWS));
                    try (Binding binding = oneDnn.bind(a, c, allocate(arena, 1 << 16))) {
                        for (int call = 0; call < 300; call++) {
                            int rows = 1 + (first + call * 7) % 8;
                            c.fill((byte) 0);
                            binding.run(weights, rows);
                            for (int i = 0; i < ROWS * columns; i++) {
                                if (Matrices.get(c, S32, i) != (i < rows * columns ? expected[i] : 0)) {
                                    return false;
                                }
                            }
                        }
                    }
                    return true;
                }));
            }
            for (Future<Boolean> result : results) {
                assertThat(result.get()).isTrue();
            }
        }
    }

    @Test
    void closingDuringRunsIsSafe() throws Exception {
        for (int attempt = 0; attempt < 20; attempt++) {
            OneDnn library = OneDnn.open();
            Weights weights = pack(library, integers, allocate(arena, integers.bBytes()));
            AtomicBoolean started = new AtomicBoolean();
            try (ExecutorService pool = Executors.newSingleThreadExecutor()) {
                Binding binding = library.bind(
                        allocate(arena, integers.aBytes(ROWS)),
                        allocate(arena, integers.cBytes(ROWS)),
                        allocate(arena, 1 << 16));
                Future<?> runs = pool.submit(() -> {
                    while (true) {
                        binding.run(weights, ROWS);
                        started.set(true);
                    }
                });
                while (!started.get()) {
                    Thread.onSpinWait();
                }
                if (attempt % 2 == 0) {
                    weights.close();
                }
                library.close();
                assertThat(runs)
                        .failsWithin(Duration.ofSeconds(60))
                        .withThrowableThat()
                        .havingCause()
                        .isInstanceOf(IllegalStateException.class);
            }
        }
    }

    /** OpenMP would start as many threads as there are processors; a thread starts with the name of the one that starts it. */
    @Test
    void theLibraryStartsNoThreads() throws Exception {
        assumeTrue(Files.isDirectory(TASKS), "no " + TASKS + " on this system");
        assumeTrue(Runtime.getRuntime().availableProcessors() > 1, "OpenMP starts no thread on one processor");
        for (ProductSpec spec : List.of(
                ProductSpec.of(512, 512, F32, F32, F32),
                ProductSpec.of(512, 512, S8, S8, S32),
                ProductSpec.gradient(512, 512, F32))) {
            Product product = oneDnn.product(spec);
            MemorySegment b = Matrices.weights(arena, random, oneDnn.isa(), spec.b(), 512 * 512);
            AtomicLong threads = new AtomicLong();
            Thread fresh = new Thread(
                    () -> {
                        try (Weights weights = spec.plainB() ? product.weights(b) : weights(spec);
                                Binding binding = binding(spec, 256)) {
                            binding.run(weights, 256);
                        }
                        threads.set(countTasks("gemm-caller"));
                    },
                    "gemm-caller");
            fresh.start();
            fresh.join();
            assertThat(threads).as(spec.toString()).hasValue(1);
        }
    }

    private static long countTasks(String name) {
        try (var tasks = Files.list(TASKS)) {
            return tasks.filter(task -> nameOf(task).equals(name)).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String nameOf(Path task) {
        try {
            return Files.readString(task.resolve("comm")).strip();
        } catch (IOException e) {
            return "a thread that has just ended";
        }
    }
}
