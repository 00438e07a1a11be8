package io.tokenwise.natives.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How products are described to cuBLASLt and one algorithm is chosen, against a stub that multiplies by plain loops in host memory. */
class CublasLtTest {
    private static Path library;

    private Cuda cuda;
    private CublasLt lt;

    @BeforeEach
    void open() throws Exception {
        StubDriver.use();
        if (library == null) {
            Path folder = Files.createTempDirectory("tokenwise-stub-");
            library = StubDriver.buildSource(folder, "stub_cublaslt.cpp", "libcublasLt.so.12");
            System.setProperty(CublasLt.PROPERTY, library.toString());
            Files.walk(folder).forEach(path -> path.toFile().deleteOnExit());
        }
        cuda = Cuda.open();
        lt = CublasLt.open(cuda);
    }

    @AfterEach
    void everythingIsGivenBack() throws Throwable {
        cuda.close();
        int live = (int) Linker.nativeLinker()
                .downcallHandle(
                        SymbolLookup.libraryLookup(library, Arena.global()).findOrThrow("stubLtLive"),
                        FunctionDescriptor.of(JAVA_INT))
                .invoke();
        assertThat(live).isZero();
    }

    @Test
    void productsEqualAPlainLoop() {
        assertThat(lt.version()).isEqualTo(120405);
        for (LtType type : LtType.values()) {
            for (int bits = 0; bits < 8; bits++) {
                checkProduct(new LtSpec(12, 20, type, (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0));
            }
        }
    }

    /** Rows with something behind them, in x and w and y. */
    @Test
    void stridesAreKept() {
        LtSpec spec = new LtSpec(5, 6, LtType.F32, false, true, false, 8, 12, 8);
        LtProduct product = lt.product(spec, 4096);
        try (CuStream stream = cuda.stream();
                PinnedMemory host = cuda.pinned(1 << 12)) {
            float[] x = values(new Random(3), 2 * 8);
            float[] w = values(new Random(4), 6 * 12);
            long y = upload(stream, host, LtType.F32, new float[2 * 8]);
            long workspace = aligned(cuda.allocate(2048));
            product.run(
                    stream,
                    2,
                    upload(stream, host, LtType.F32, x),
                    upload(stream, host, LtType.F32, w),
                    0,
                    y,
                    workspace);
            stream.copyToHost(host.segment(), y, 2 * 8 * Float.BYTES);
            stream.synchronize();
            for (int row = 0; row < 2; row++) {
                for (int column = 0; column < 8; column++) {
                    float sum = 0;
                    for (int i = 0; i < 5 && column < 6; i++) {
                        sum += x[row * 8 + i] * w[column * 12 + i];
                    }
                    assertThat(host.segment().getAtIndex(JAVA_FLOAT, row * 8 + column))
                            .isEqualTo(sum);
                }
            }
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LtSpec(5, 6, LtType.F32, false, true, false, 4, 0, 0))
                .withMessage("product: a stride of 4 for x, whose rows have 5");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LtSpec(5, 6, LtType.F32, true, true, false, 8, 0, 0))
                .withMessage("product: a stride of 8 for x, which is transposed");
    }

    /** The stub's algorithm does not serve for 1,013 rows, which it is not asked about beforehand. */
    @Test
    void numberOfRowsThatIsRefusedEndsAnAlgorithm() {
        LtProduct product = lt.product(new LtSpec(16, 16, LtType.BF16, false, true, true), 4096);
        for (int rows : new int[] {7, 100_000, 1, 7, 50, 1012, 49}) {
            assertThat(product.takes(rows)).isTrue();
        }
        assertThat(product.takes(1013)).isFalse();
        assertThat(product.takes(7)).isFalse();
        assertThat(product.takes(51)).isFalse();
    }

    private void checkProduct(LtSpec spec) {
        LtProduct product = lt.product(spec, 4096);
        assertThat(product.workspaceBytes())
                .as("the most of all numbers of rows")
                .isEqualTo(1024);
        var random = new Random(7);
        int rows = 5;
        try (CuStream stream = cuda.stream();
                PinnedMemory host = cuda.pinned(1 << 16)) {
            float[] x = values(random, rows * spec.k());
            float[] w = values(random, spec.k() * spec.n());
            float[] bias = values(random, spec.n());
            long deviceX = upload(stream, host, spec.type(), x);
            long deviceW = upload(stream, host, spec.type(), w);
            long deviceBias = upload(stream, host, LtType.F32, bias);
            long y = cuda.allocate(spec.yBytes(rows));
            long workspace = aligned(cuda.allocate(2048));
            product.run(stream, rows, deviceX, deviceW, deviceBias, y, workspace);
            product.add(stream, rows, deviceX, deviceW, deviceBias, y, workspace);
            stream.copyToHost(host.segment(), y, spec.yBytes(rows));
            stream.synchronize();
            for (int row = 0; row < rows; row++) {
                for (int column = 0; column < spec.n(); column++) {
                    float sum = 0;
                    for (int i = 0; i < spec.k(); i++) {
                        sum += x[spec.transposedX() ? i * rows + row : row * spec.k() + i]
                                * w[spec.transposedW() ? column * spec.k() + i : i * spec.n() + column];
                    }
                    float once = sum + (spec.bias() ? bias[column] : 0);
                    assertThat(host.segment().getAtIndex(JAVA_FLOAT, row * spec.n() + column))
                            .as("%s, row %d, column %d", spec, row, column)
                            .isEqualTo(2 * once);
                }
            }
        }
    }

    @Test
    void whatCannotGoWellIsRefused() {
        LtSpec spec = new LtSpec(16, 16, LtType.F32, false, false, true);
        LtProduct product = lt.product(spec, 4096);
        try (CuStream stream = cuda.stream()) {
            long memory = aligned(cuda.allocate(8192));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> product.run(stream, 0, memory, memory, memory, memory, memory))
                    .withMessageContaining("0 rows");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> product.run(stream, 1, memory + 4, memory, memory, memory, memory))
                    .withMessageContaining("is no multiple of 16");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> product.run(stream, 1, memory, memory, memory, memory, memory + 16))
                    .withMessageContaining("is no multiple of 256");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> product.run(stream, 1000, memory, memory, memory, memory, memory))
                    .withMessageStartingWith("x: 64000 bytes");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> product.run(stream, 1, memory, memory, 0, memory, memory))
                    .withMessageStartingWith("bias: 64 bytes at 0x0");
            assertThatExceptionOfType(CudaException.class)
                    .isThrownBy(() -> lt.product(spec, 512))
                    .withMessage(
                            "CUDA: cublasLtMatmulAlgoGetHeuristic of " + spec + ": CUBLAS_STATUS_NOT_SUPPORTED (15): "
                                    + "no algorithm works with any number of rows and 512 bytes of workspace");
            lt.close();
            assertThatIllegalStateException()
                    .isThrownBy(() -> product.run(stream, 1, memory, memory, memory, memory, memory))
                    .withMessage("cuBLASLt has been closed");
        }
        assertThatIllegalArgumentException().isThrownBy(() -> new LtSpec(0, 1, LtType.F32, false, false, false));
    }

    private long upload(CuStream stream, PinnedMemory host, LtType type, float[] values) {
        MemorySegment segment = host.segment();
        for (int i = 0; i < values.length; i++) {
            if (type == LtType.F32) {
                segment.setAtIndex(JAVA_FLOAT, i, values[i]);
            } else {
                segment.setAtIndex(JAVA_SHORT, i, (short) (Float.floatToRawIntBits(values[i]) >>> 16));
            }
        }
        long bytes = (long) values.length * type.bytes;
        long address = cuda.allocate(bytes);
        stream.copyToDevice(address, segment, bytes);
        stream.synchronize();
        return address;
    }

    /** Small whole numbers, so that bfloat16 has them and sums are exact. */
    private static float[] values(Random random, int count) {
        var values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextInt(-9, 10);
        }
        return values;
    }

    private static long aligned(long address) {
        return (address + 255) & -256;
    }
}
