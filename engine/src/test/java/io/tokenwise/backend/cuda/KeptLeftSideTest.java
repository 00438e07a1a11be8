package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.InputSlices;
import io.tokenwise.backend.MlpSlices;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Routing;
import io.tokenwise.backend.Stream;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.fakecuda.KernelCounts;
import io.tokenwise.kernels.RowOps;
import io.tokenwise.natives.cuda.CudaException;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.op.LayerNorms;
import io.tokenwise.op.TakenRows;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * On the simulated device: the bytes that a layer norm or a product has made of a tensor's rows serve the next product of the same rows, whatever else is told in between, but
 * not once these may have changed.
 */
class KeptLeftSideTest {
    private static final int ROWS = 7;
    private static final int SIDE = 64;
    private static final int LEARNERS = 3;

    /** An error of the driver that breaks nothing. */
    private static final int INVALID_VALUE = 1;

    private final Random random = new Random(2);
    private final Arena arena = Arena.ofShared();
    private FakeControls controls;
    private CudaBackend device;
    private Workspace workspace;
    private Stream stream;
    private PackedMatrix weight;
    private Tensor gamma;
    private Tensor beta;
    private Tensor other;
    private Tensor gate;

    /** What makes bytes of a tensor's rows. */
    enum Maker {
        NORM,
        PRODUCT
    }

    /** What happens to a tensor before the next product, which another stream may do too. */
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
                new Change("one on some rows", true, (test, x) -> test.stream.fill(test.part(x), .5f)),
                new Change("add", true, (test, x) -> test.stream.add(x, test.other, x)),
                new Change("copy", true, (test, x) -> test.stream.copy(test.part(test.other), test.part(x))),
                new Change(
                        "takeRows",
                        true,
                        (test, x) -> TakenRows.forward(test.stream, test.other, new int[] {1}, test.part(x))),
                new Change("another norm", true, (test, x) -> test.norm(test.other, x)),
                new Change("another norm in its place", true, (test, x) -> test.norm(x, x)),
                new Change("a norm of some rows", true, (test, x) -> test.norm(test.part(test.other), test.part(x))),
                new Change(
                        "a norm for training",
                        true,
                        (test, x) -> LayerNorms.forward(
                                test.stream,
                                test.other,
                                test.gamma,
                                test.beta,
                                1e-5f,
                                x,
                                test.workspace.tensor(ROWS, 2))),
                new Change(
                        "a product",
                        true,
                        (test, x) -> test.stream.linear(test.other, test.weight, null, false, null, x)),
                new Change("its own product", true, (test, x) -> test.stream.linear(x, test.weight, null, false, x, x)),
                new Change(
                        "a product of some rows",
                        true,
                        (test, x) -> test.stream.linear(
                                test.part(test.other), test.weight, null, false, null, test.part(x))),
                new Change("a gate's logits", true, (test, x) -> test.decide(x, x.part(2 * SIDE, LEARNERS))),
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
        gamma = filled(device.allocate(arena, 1, SIDE));
        beta = filled(device.allocate(arena, 1, SIDE));
        other = filled(workspace.tensor(ROWS, SIDE));
        gate = filled(device.allocate(arena, Math.ceilDiv(LEARNERS, RowOps.DOTS_GROUP) * RowOps.DOTS_GROUP, SIDE));
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

    private void norm(Tensor x, Tensor y) {
        LayerNorms.forward(stream, x, gamma, beta, 1e-5f, y, null);
    }

    /** A row within a tensor. */
    private Tensor part(Tensor x) {
        return workspace.rows(x, 2, 1);
    }

    /** What a gate chooses for the first rows, as many as logits has. */
    private Routing decide(Tensor x, Tensor logits) {
        Routing routing = stream.routing();
        routing.begin(logits.rows(), LEARNERS);
        routing.ask(0, logits.rows(), new float[LEARNERS]);
        int[] choices = IntStream.rangeClosed(1, LEARNERS).toArray();
        routing.decide(workspace.rows(x, 0, logits.rows()), gate, choices, workspace, logits);
        routing.sort();
        return routing;
    }

    private void make(Maker maker, Tensor x) {
        switch (maker) {
            case NORM -> norm(x, x);
            case PRODUCT -> product(x);
        }
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

    static java.util.stream.Stream<Arguments> makersAndChanges() {
        return Arrays.stream(Maker.values())
                .flatMap(maker -> changes().stream().map(change -> Arguments.of(maker, change)));
    }

    @ParameterizedTest
    @MethodSource("makersAndChanges")
    void doesNotOutliveTheRows(Maker maker, Change change) {
        Tensor x = filled(change.ofPass ? workspace.tensor(ROWS, SIDE) : device.allocate(arena, ROWS, SIDE));
        Tensor copy = workspace.tensor(ROWS, SIDE);
        workspace.tensor(ROWS, SIDE);
        make(maker, x);
        change.body.change(this, x);
        Tensor found = product(x);
        stream.copy(x, copy);
        assertThat(values(found)).isEqualTo(values(product(copy)));
    }

    /** What takes scratch memory, and what writes other tensors, or none. */
    @ParameterizedTest
    @EnumSource
    void servesWhateverIsToldInBetween(Maker maker) {
        Tensor x = filled(workspace.tensor(ROWS, SIDE));
        MlpSlices whole = mlp(1);
        MlpSlices slices = mlp(2);
        Routing routing = decide(x, workspace.tensor(ROWS, LEARNERS));
        // Biases are added up when they are asked for first.
        stream.mlp(x, routing, whole, slices, beta, null, workspace, workspace.tensor(ROWS, SIDE));
        make(maker, x);
        values(x);
        long before = quantized();
        routing = decide(x, workspace.tensor(ROWS, LEARNERS));
        Tensor some = workspace.tensor(ROWS, SIDE);
        stream.linearSlices(x, routing, whole.ups(), slices.ups(), beta, some);
        stream.mlp(x, routing, whole, slices, beta, x, workspace, workspace.tensor(ROWS, SIDE));
        Tensor found = product(x);
        values(found);
        assertThat(quantized()).as("the units").isEqualTo(before + 1);
        Tensor copy = workspace.tensor(ROWS, SIDE);
        stream.copy(x, copy);
        assertThat(values(found)).isEqualTo(values(product(copy)));
        Tensor expected = workspace.tensor(ROWS, SIDE);
        stream.linearSlices(copy, routing, whole.ups(), slices.ups(), beta, expected);
        assertThat(values(some)).isEqualTo(values(expected));
    }

    /** Rows that use the first slices of their inputs are quantized by these alone. */
    @Test
    void doesNotServeWhatUsesSomeInputs() {
        InputSlices whole = mlp(1).downs();
        InputSlices slices = mlp(2).downs();
        Tensor x = filled(workspace.tensor(ROWS, SIDE));
        Tensor copy = workspace.tensor(ROWS, SIDE);
        stream.copy(x, copy);
        Routing routing = decide(x, workspace.tensor(ROWS, LEARNERS));
        product(x);
        Tensor found = workspace.tensor(ROWS, SIDE);
        Tensor expected = workspace.tensor(ROWS, SIDE);
        stream.sumSlices(x, routing, whole, slices, beta, null, found);
        stream.sumSlices(copy, routing, whole, slices, beta, null, expected);
        assertThat(values(found)).isEqualTo(values(expected));
    }

    @Test
    void doesNotOutliveAnErrorThatItWasLostTo() {
        Tensor x = filled(workspace.tensor(ROWS, SIDE));
        Tensor copy = workspace.tensor(ROWS, SIDE);
        stream.copy(x, copy);
        float[] expected = values(product(copy));
        // Other bytes lie where those of x were to.
        values(product(other));
        Tensor lost = product(x);
        controls.failCall("cuLaunchKernel", INVALID_VALUE);
        assertThatThrownBy(() -> values(lost)).isInstanceOf(CudaException.class);
        assertThat(values(product(x))).isEqualTo(expected);
    }

    /** Of so many slices, one or two, of as many units each. */
    private MlpSlices mlp(int count) {
        int units = SIDE / count;
        var sizes = new int[count];
        Arrays.fill(sizes, units);
        List<PackedMatrix> ups = device.allocateSlices(arena, SIDE, SIDE, sizes, true);
        List<PackedMatrix> downs = device.allocateSlices(arena, SIDE, SIDE, sizes, false);
        stream.packSlices(filled(device.allocate(arena, SIDE, SIDE)), ups);
        stream.packSlices(filled(device.allocate(arena, SIDE, SIDE)), downs);
        List<Tensor> upBiases = IntStream.range(0, count)
                .mapToObj(n -> beta.part((long) n * units, units))
                .toList();
        return new MlpSlices(ups, upBiases, downs, List.of(gamma, beta).subList(0, count));
    }
}
