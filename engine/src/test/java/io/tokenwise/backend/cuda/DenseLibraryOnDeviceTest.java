package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.fakecuda.FakeCounts;
import io.tokenwise.fakecuda.KernelCounts;
import io.tokenwise.model.Encoder;
import io.tokenwise.natives.cuda.CudaException;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Dense products by the simulated cuBLASLt, which adds in another order than our kernels do, and in yet another where it chooses its algorithm by the number of rows: so bits
 * tell who multiplied.
 */
class DenseLibraryOnDeviceTest {
    private static final int INVALID_VALUE = 1;
    private static final int OUT_OF_MEMORY = 2;

    @TempDir
    static Path folder;

    private static TinyModels models;

    private FakeControls controls;
    private List<String> leaks = List.of();

    /** Closed ones whose streams no other may take over, so that each has the same calls of the driver (see {@link ForwardGraphTest}). */
    private final List<Sessions> held = new ArrayList<>();

    @BeforeAll
    static void write() throws IOException {
        models = TinyModels.write(folder);
    }

    @BeforeEach
    void start() {
        controls = FakeDevice.start();
    }

    @AfterEach
    void close() {
        assertThat(controls.leaks()).isEqualTo(leaks);
    }

    private static CudaBackend open(ProductChoice use) {
        try {
            return CudaBackend.open(Precision.BF16, use);
        } catch (CudaUnavailableException e) {
            throw new AssertionError(e);
        }
    }

    private long launches(String prefix) {
        return controls.kernels().stream()
                .filter(kernel -> kernel.name().startsWith(prefix))
                .mapToLong(KernelCounts::launches)
                .sum();
    }

    private long byLibrary() {
        return launches("cublasLtMatmul");
    }

    private long byOwnKernels() {
        return launches("linearBf16") + launches("linearNarrow");
    }

    private float[][] encode(String model, ProductChoice use, List<Budget> budgets) throws IOException {
        try (CudaBackend device = open(use);
                Encoder encoder = models.load(model, device);
                var sessions = new Sessions(encoder, device, 256, 1)) {
            return sessions.encode(TinyModels.TEXTS.subList(0, budgets.size()), budgets, null);
        }
    }

    private static List<Budget> full(int texts) {
        return IntStream.range(0, texts).mapToObj(_ -> Budget.FULL).toList();
    }

    /** Odd sizes, addresses and strides, GELU, residuals that are the result, narrow results for the next product. */
    @Test
    void productsAreNearTheCpu() {
        try (var cpu = Side.cpu();
                var device = Side.device(Precision.BF16, 132, ProductChoice.ALL_BY_LIBRARY)) {
            controls = device.controls();
            for (Case operation : ProductCases.all(BlockSizesOnDeviceTest.bound(Precision.BF16))) {
                OperationsOnDeviceTest.compare(cpu, device, operation);
            }
            assertThat(byLibrary()).isPositive();
            assertThat(launches("finishProduct")).isPositive().isLessThanOrEqualTo(byLibrary());
        }
    }

    /** So many rows that cuBLASLt itself would take another algorithm than for one; into y itself, and by way of scratch memory where y lies oddly. */
    @Test
    void rowHasTheSameBitsAloneAndAmongOthersAndWhereverItGoes() {
        int inputs = 72;
        int outputs = 64;
        int rows = 700;
        try (CudaBackend device = open(ProductChoice.ALL_BY_LIBRARY);
                Arena arena = Arena.ofShared();
                Workspace workspace = device.workspace(1 << 22)) {
            Stream stream = device.stream();
            PackedMatrix weight = device.allocatePacked(arena, inputs, outputs);
            stream.pack(random(device, device.allocate(arena, inputs, outputs)), false, weight);
            Tensor bias = random(device, device.allocate(arena, 1, outputs));
            Tensor x = random(device, workspace.tensor(rows, inputs));
            Tensor y = workspace.tensor(rows, outputs);
            stream.linear(x, weight, bias, false, null, y);
            float[] all = values(stream, y);
            assertThat(launches("finishProduct")).isZero();
            assertThat(byLibrary()).isEqualTo(1);
            Tensor odd =
                    new Tensor(device.memory().allocate(arena, 4L * rows * outputs + 4), Float.BYTES, rows, outputs);
            stream.linear(x, weight, bias, false, null, odd);
            assertThat(values(stream, odd)).isEqualTo(all);
            assertThat(launches("finishProduct")).isEqualTo(1);
            for (int row : new int[] {0, 1, 511, 699}) {
                Tensor alone = workspace.tensor(1, outputs);
                stream.linear(workspace.rows(x, row, 1), weight, bias, false, null, alone);
                assertThat(values(stream, alone))
                        .isEqualTo(Arrays.copyOfRange(all, row * outputs, (row + 1) * outputs));
            }
            assertThat(byOwnKernels()).isZero();
        }
    }

    private static Tensor random(Backend device, Tensor x) {
        var random = new Random(5);
        try (HostTensor values = device.write(x)) {
            for (int i = 0; i < values.size(); i++) {
                values.set(i, (float) random.nextGaussian());
            }
        }
        return x;
    }

    private static float[] values(Stream stream, Tensor x) {
        try (HostTensor values = stream.read(x)) {
            var copy = new float[values.size()];
            IntStream.range(0, copy.length).forEach(i -> copy[i] = values.get(i));
            return copy;
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 5, 77})
    void denseModelIsNearTheCpuWithAllItsProductsByTheLibrary(long seed) throws IOException {
        float[][] expected;
        try (Backend cpu = VectorBackend.open(1);
                Encoder encoder = models.load(TinyModels.DENSE, cpu)) {
            expected = TinyModels.encode(encoder, Budget.FULL);
        }
        float[][] own = encode(TinyModels.DENSE, ProductChoice.OWN, full(4));
        assertThat(byLibrary()).isZero();
        long before = byOwnKernels();
        assertThat(before).isPositive();
        controls.seed(seed);
        float[][] found = encode(TinyModels.DENSE, ProductChoice.ALL_BY_LIBRARY, full(4));
        assertThat(byOwnKernels()).isEqualTo(before);
        assertThat(byLibrary()).as("Q with K and V, O, and the MLP's two").isEqualTo(4);
        assertThat(launches("finishProduct")).as("what has GELU or a residual").isEqualTo(3);
        assertThat(Distance.between(found, expected)).isLessThan(2e-2);
        assertThat(found).isNotEqualTo(own);
    }

    @Test
    void textHasTheSameBitsAloneAndInABatch() throws IOException {
        float[][] all = encode(TinyModels.DENSE, ProductChoice.ALL_BY_LIBRARY, full(4));
        try (CudaBackend device = open(ProductChoice.ALL_BY_LIBRARY);
                Encoder encoder = models.load(TinyModels.DENSE, device);
                var sessions = new Sessions(encoder, device, 256, 1)) {
            for (int i = 0; i < all.length; i++) {
                assertThat(sessions.encode(List.of(TinyModels.TEXTS.get(i)), Budget.FULL, null)[0])
                        .isEqualTo(all[i]);
            }
        }
    }

    /** In a batch of other budgets its rows have routed products, which our kernels do: so these do them where all rows have all learners, too. */
    @Test
    void fullBudgetHasTheSameBitsAmongOtherBudgets() throws IOException {
        float[] alone = encode(TinyModels.ADAPTIVE, ProductChoice.ALL_BY_LIBRARY, full(1))[0];
        // Bits of attention's products are seldom seen in vectors.
        assertThat(byLibrary()).as("products of modules with gates").isZero();
        List<Budget> mixed = List.of(Budget.FULL, TinyModels.HALF, Budget.flops(0.25));
        assertThat(encode(TinyModels.ADAPTIVE, ProductChoice.ALL_BY_LIBRARY, mixed)[0])
                .isEqualTo(alone);
    }

    @Test
    void warmForwardIsOneGraphWithTheSameBits() throws IOException {
        try (CudaBackend device = open(ProductChoice.ALL_BY_LIBRARY);
                Encoder encoder = models.load(TinyModels.DENSE, device);
                var sessions = new Sessions(encoder, device, 256, 1)) {
            float[][] first = sessions.encode(TinyModels.TEXTS, Budget.FULL, null);
            sessions.encode(TinyModels.TEXTS, Budget.FULL, null);
            FakeCounts before = controls.counts();
            long products = byLibrary();
            assertThat(sessions.encode(TinyModels.TEXTS, Budget.FULL, null)).isDeepEqualTo(first);
            FakeCounts after = controls.counts();
            assertThat(byLibrary() - products).isEqualTo(4);
            assertThat(after.graphLaunches() - before.graphLaunches()).isEqualTo(1);
            assertThat(after.synchronizations() - before.synchronizations()).isEqualTo(1);
            assertThat(after.allocations()).isEqualTo(before.allocations());
            List<int[]> other = TinyModels.texts(2, 2);
            float[][] others = sessions.encode(other, Budget.FULL, null);
            assertThat(sessions.encode(TinyModels.TEXTS, Budget.FULL, null)).isDeepEqualTo(first);
            assertThat(sessions.encode(other, Budget.FULL, null)).isDeepEqualTo(others);
        }
    }

    /** It is given up for a shape of weights at the first number of rows that it refuses, whatever comes after. */
    @Test
    void algorithmThatRefusesANumberOfRowsIsNotUsedAnyMore() throws IOException {
        float[][] own = encode(TinyModels.DENSE, ProductChoice.OWN, full(4));
        int rows = TinyModels.TEXTS.stream().mapToInt(text -> text.length).sum();
        try (CudaBackend device = open(ProductChoice.ALL_BY_LIBRARY);
                Encoder encoder = models.load(TinyModels.DENSE, device);
                var sessions = new Sessions(encoder, device, 256, 1)) {
            controls.libraryRefuses(rows);
            assertThat(sessions.encode(TinyModels.TEXTS, Budget.FULL, null)).isDeepEqualTo(own);
            controls.libraryRefuses(0);
            assertThat(sessions.encode(TinyModels.TEXTS, Budget.FULL, null)).isDeepEqualTo(own);
            assertThat(sessions.encode(List.of(TinyModels.TEXTS.getFirst()), Budget.FULL, null)[0])
                    .isEqualTo(own[0]);
            assertThat(byLibrary()).isZero();
        }
    }

    @Test
    void whereItHasNoAlgorithmOwnKernelsMultiply() throws IOException {
        float[][] own = encode(TinyModels.DENSE, ProductChoice.OWN, full(4));
        controls.libraryFindsNothing(true);
        assertThat(encode(TinyModels.DENSE, ProductChoice.ALL_BY_LIBRARY, full(4)))
                .isDeepEqualTo(own);
        controls.libraryFindsNothing(false);
        controls.libraryRefuses(31);
        assertThat(encode(TinyModels.DENSE, ProductChoice.ALL_BY_LIBRARY, full(4)))
                .as("a number of rows that an algorithm is asked about beforehand")
                .isDeepEqualTo(own);
        assertThat(byLibrary()).isZero();
    }

    @Test
    void withoutTheLibraryOwnKernelsMultiply() throws IOException {
        float[][] own = encode(TinyModels.DENSE, ProductChoice.OWN, full(4));
        String library = System.getProperty("tokenwise.cuda.cublaslt");
        System.setProperty("tokenwise.cuda.cublaslt", "/nowhere/libcublasLt.so.13");
        try (CudaBackend device = open(ProductChoice.ALL_BY_LIBRARY)) {
            assertThat(device.products())
                    .hasLineCount(1)
                    .startsWith("cuBLASLt multiplies nothing: cuBLASLt is not available: /nowhere/libcublasLt.so.13");
            assertThat(device.libraryVersion()).isZero();
            assertThat(encode(TinyModels.DENSE, ProductChoice.ALL_BY_LIBRARY, full(4)))
                    .isDeepEqualTo(own);
        } finally {
            System.setProperty("tokenwise.cuda.cublaslt", library);
        }
        controls.failCall("cublasLtCreate", INVALID_VALUE);
        assertThat(encode(TinyModels.DENSE, ProductChoice.ALL_BY_LIBRARY, full(4)))
                .isDeepEqualTo(own);
    }

    @Test
    void otherPrecisionsAreOurs() throws Exception {
        for (Precision precision : List.of(Precision.F32, Precision.S8)) {
            try (CudaBackend device = CudaBackend.open(precision, ProductChoice.ALL_BY_LIBRARY);
                    Encoder encoder = models.load(TinyModels.DENSE, device)) {
                TinyModels.encode(encoder, Budget.FULL);
                assertThat(device.products()).isEqualTo("cuBLASLt multiplies nothing: its products are for bf16");
            }
        }
        assertThat(byLibrary()).isZero();
    }

    /** Of a forward, the second time as it becomes a graph, and the third as it is one: the call that meets an error throws once, and the next is right. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void errorOfAnyCallIsThrownOnce(int forward) throws IOException {
        List<int[]> texts = TinyModels.texts(2, 3);
        try (CudaBackend device = open(ProductChoice.ALL_BY_LIBRARY);
                Encoder encoder = models.load(TinyModels.DENSE, device)) {
            float[][] expected = encode(encoder, texts, 1);
            var failed = new ArrayList<String>();
            for (int n = 1; n > 0; n++) {
                try (var sessions = new Sessions(encoder, device, 256, 1)) {
                    held.add(sessions);
                    for (int i = 1; i < forward; i++) {
                        sessions.encode(texts, Budget.FULL, null);
                    }
                    long before = controls.counts().calls();
                    controls.failAt(n, n % 2 == 0 ? INVALID_VALUE : OUT_OF_MEMORY);
                    try {
                        assertThat(sessions.encode(texts, Budget.FULL, null)).isDeepEqualTo(expected);
                    } catch (CudaException | IllegalStateException e) {
                        assertThat(e.getMessage()).doesNotContain("\n").containsAnyOf("CUDA", "cuda");
                        failed.add(controls.lastError());
                    }
                    boolean isPast = controls.counts().calls() - before < n;
                    controls.failAt(0, 0);
                    for (int i = 0; i < 3; i++) {
                        assertThat(sessions.encode(texts, Budget.FULL, null)).isDeepEqualTo(expected);
                    }
                    n = isPast ? -1 : n;
                }
            }
            assertThat(failed).isNotEmpty();
            assertThat(failed.stream().anyMatch(call -> call.startsWith("cublasLtMatmul:")))
                    .as("%s", failed)
                    .isEqualTo(forward < 3);
        }
        if (forward == 2) {
            // The one call that was to destroy a graph once it was instantiated.
            leaks = List.of("1 graphs");
        }
    }

    private static float[][] encode(Encoder encoder, List<int[]> texts, int sessionCount) {
        try (var sessions = new Sessions(encoder, encoder.parameters().backend(), 256, sessionCount)) {
            return sessions.encode(texts, Budget.FULL, null);
        }
    }
}
