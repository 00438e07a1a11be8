package io.tokenwise.fakecuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The simulated cuBLASLt: what it multiplies, when, and what it refuses. */
class LibraryTest {
    private static final int INVALID = 7;
    private static final int NOT_SUPPORTED = 15;
    private static final int ROWS = 2;
    private static final int INPUTS = 3;
    private static final int OUTPUTS = 4;

    private Simulated simulated;
    private MemorySegment library;
    private MemorySegment product;
    private MemorySegment stream;
    private long x;
    private long weights;
    private long y;

    /** Our rows are its columns: y [2, 4] = x [2, 3] weights^T, weights [4, 3]. */
    @BeforeEach
    void start() {
        simulated = Simulated.started();
        library = simulated.make("cublasLtCreate");
        product = simulated.make("cublasLtMatmulDescCreate", 68, 0);
        set(3, 1);
        stream = simulated.stream();
        x = simulated.deviceFloats(1, 2, 3, 4, 5, 6);
        weights = simulated.deviceFloats(1, 0, 0, 0, 1, 0, 0, 0, 1, -1, -1, -1);
        y = simulated.deviceFloats(0, 0, 0, 0, 0, 0, 0, 0);
    }

    @AfterEach
    void close() {
        simulated.close();
    }

    private void set(int attribute, int value) {
        simulated.succeed(
                "cublasLtMatmulDescSetAttribute",
                product,
                attribute,
                simulated.arena.allocateFrom(JAVA_INT, value),
                4L);
    }

    private void setBias(long address) {
        simulated.succeed(
                "cublasLtMatmulDescSetAttribute", product, 8, simulated.arena.allocateFrom(JAVA_LONG, address), 8L);
    }

    private MemorySegment layout(int type, long rows, long columns, long leading) {
        return simulated.make("cublasLtMatrixLayoutCreate", type, rows, columns, leading);
    }

    private int multiply(long weightsAt, long xAt, long yAt) {
        MemorySegment result = layout(0, OUTPUTS, ROWS, OUTPUTS);
        return simulated.call(
                "cublasLtMatmul",
                library,
                product,
                simulated.arena.allocateFrom(JAVA_FLOAT, 1f),
                MemorySegment.ofAddress(weightsAt),
                layout(0, INPUTS, OUTPUTS, INPUTS),
                MemorySegment.ofAddress(xAt),
                layout(0, INPUTS, ROWS, INPUTS),
                simulated.arena.allocateFrom(JAVA_FLOAT, 0f),
                MemorySegment.ofAddress(yAt),
                result,
                MemorySegment.ofAddress(yAt),
                result,
                MemorySegment.NULL,
                MemorySegment.NULL,
                0L,
                stream);
    }

    private float[] result() {
        simulated.succeed("cuStreamSynchronize", stream);
        return simulated.floats(y, ROWS * OUTPUTS);
    }

    @Test
    void multipliesLateAndAddsABias() {
        assertThat(multiply(weights, x, y)).isZero();
        assertThat(simulated.controls.counts().launches()).isZero();
        assertThat(result()).containsExactly(1, 2, 3, -6, 4, 5, 6, -15);
        assertThat(simulated.controls.kernels())
                .extracting(KernelCounts::name, KernelCounts::launches, KernelCounts::multiplyAdds)
                .containsExactly(tuple("cublasLtMatmul", 1L, 24L));
        set(7, 4);
        assertThat(multiply(weights, x, y)).as("a bias that is null").isEqualTo(INVALID);
        setBias(simulated.deviceFloats(10, 20, 30, 40));
        assertThat(multiply(weights, x, y)).isZero();
        assertThat(result()).containsExactly(11, 22, 33, 34, 14, 25, 36, 25);
    }

    /** Which differs from the erf form by 1.5e-4 at 1. */
    @Test
    void itsGeluIsTheTanhForm() {
        set(7, 32);
        assertThat(multiply(weights, x, y)).isZero();
        assertThat((double) result()[0]).isCloseTo(.841192, within(1e-6));
    }

    @Test
    void becomesPartOfAGraph() {
        simulated.succeed("cuStreamBeginCapture_v2", stream, 1);
        assertThat(multiply(weights, x, y)).isZero();
        MemorySegment out = simulated.arena.allocate(ADDRESS);
        simulated.succeed("cuStreamEndCapture", stream, out);
        MemorySegment graph = simulated.make("cuGraphInstantiateWithFlags", out.get(ADDRESS, 0), 0L);
        assertThat(result()).containsOnly(0);
        simulated.succeed("cuGraphLaunch", graph, stream);
        assertThat(result()).containsExactly(1, 2, 3, -6, 4, 5, 6, -15);
    }

    @Test
    void whatItCannotMultiplyIsRefused() {
        assertThat(multiply(weights, x, 0)).isEqualTo(INVALID);
        assertThat(multiply(weights + 4, x, y)).isEqualTo(NOT_SUPPORTED);
        assertThat(simulated.call("cublasLtMatmulDescSetAttribute", product, 99, stream, 4L))
                .isEqualTo(INVALID);
        assertThat(simulated.call("cublasLtMatrixLayoutDestroy", product)).isEqualTo(INVALID);
        simulated.controls.libraryRefuses(ROWS);
        assertThat(multiply(weights, x, y)).isEqualTo(NOT_SUPPORTED);
        simulated.controls.libraryRefuses(0);
        simulated.controls.failCall("cublasLtMatmul", 2);
        assertThat(multiply(weights, x, y)).as("no memory").isEqualTo(3);
        assertThat(multiply(weights, x, y)).isZero();
    }

    @Test
    void memoryThatIsTooSmallIsAFault() {
        assertThat(multiply(weights, x, simulated.allocate(16))).isZero();
        assertThat(simulated.call("cuStreamSynchronize", stream)).isEqualTo(700);
        assertThat(simulated.controls.lastError()).startsWith("cublasLtMatmul: d, 32 bytes at ");
    }

    @Test
    void whatIsNotDestroyedIsALeak() {
        assertThat(simulated.controls.leaks()).contains("2 objects of cuBLASLt");
        simulated.succeed("cublasLtMatmulDescDestroy", product);
        simulated.succeed("cublasLtDestroy", library);
        assertThat(simulated.controls.leaks()).noneMatch(line -> line.contains("cuBLASLt"));
    }
}
