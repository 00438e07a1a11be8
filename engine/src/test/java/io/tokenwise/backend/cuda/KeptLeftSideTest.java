package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Precision;
import io.tokenwise.backend.Stream;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.fakecuda.KernelCounts;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** On the simulated device: the bytes that a product has made of its rows serve the next product of the same rows, but not once these have changed. */
class KeptLeftSideTest {
    private static final int ROWS = 7;
    private static final int SIDE = 64;

    private final Random random = new Random(2);
    private final Arena arena = Arena.ofShared();
    private FakeControls controls;
    private CudaBackend device;
    private Workspace workspace;
    private Stream stream;
    private PackedMatrix weight;

    /** What happens to a tensor between two products, which another stream may do too. */
    record Change(String name, boolean ofPass, Body body) {
        @Override
        public String toString() {
            return name + (ofPass ? ", of a pass" : "");
        }
    }

    @FunctionalInterface
    interface Body {
        void change(KeptLeftSideTest test, Tensor x);
    }

    static List<Change> changes() {
        return List.of(
                new Change("an operation", true, (test, x) -> test.stream.fill(x, .5f)),
                new Change("an operation", false, (test, x) -> test.stream.fill(x, .5f)),
                new Change(
                        "another stream's operation",
                        false,
                        (test, x) -> test.device.stream().fill(x, .5f)),
                new Change("the host by the stream", true, (test, x) -> set(test.stream.write(x))),
                new Change("the host by the backend", true, (test, x) -> set(test.device.write(x))),
                new Change("the host by the backend", false, (test, x) -> set(test.device.write(x))));
    }

    private static void set(HostTensor values) {
        try (values) {
            for (int i = 0; i < values.size(); i++) {
                values.set(i, i % 5);
            }
        }
    }

    @BeforeEach
    void open() throws CudaUnavailableException {
        controls = FakeDevice.start();
        device = CudaBackend.open(Precision.S8);
        workspace = device.workspace(1 << 20);
        stream = device.stream();
        weight = device.allocatePacked(arena, SIDE, SIDE);
        stream.pack(filled(device.allocate(arena, SIDE, SIDE)), false, weight);
    }

    @AfterEach
    void close() {
        workspace.close();
        arena.close();
        device.close();
    }

    private Tensor filled(Tensor x) {
        try (HostTensor values = device.write(x)) {
            for (int i = 0; i < values.size(); i++) {
                values.set(i, (float) random.nextGaussian());
            }
        }
        return x;
    }

    private Tensor product(Tensor x) {
        Tensor y = workspace.tensor(x.rows(), SIDE);
        stream.linear(x, weight, null, false, null, y);
        return y;
    }

    private float[] values(Tensor x) {
        try (HostTensor values = stream.read(x)) {
            var copy = new float[values.size()];
            IntStream.range(0, copy.length).forEach(i -> copy[i] = values.get(i));
            return copy;
        }
    }

    private long quantized() {
        return controls.kernels().stream()
                .filter(kernel -> kernel.name().equals("quantizeRows"))
                .mapToLong(KernelCounts::launches)
                .sum();
    }

    @Test
    void servesTheNextProduct() {
        Tensor x = filled(workspace.tensor(ROWS, SIDE));
        long before = quantized();
        Tensor first = product(x);
        Tensor second = product(x);
        assertThat(values(second)).isEqualTo(values(first));
        assertThat(quantized()).isEqualTo(before + 1);
        product(workspace.rows(x, 0, ROWS - 1));
        assertThat(values(first)).isEqualTo(values(second));
        assertThat(quantized()).isEqualTo(before + 2);
    }

    @ParameterizedTest
    @MethodSource("changes")
    void doesNotOutliveTheRows(Change change) {
        Tensor x = filled(change.ofPass ? workspace.tensor(ROWS, SIDE) : device.allocate(arena, ROWS, SIDE));
        Tensor copy = workspace.tensor(ROWS, SIDE);
        workspace.tensor(ROWS, SIDE);
        product(x);
        change.body.change(this, x);
        Tensor found = product(x);
        stream.copy(x, copy);
        assertThat(values(found)).isEqualTo(values(product(copy)));
    }
}
