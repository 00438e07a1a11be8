package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.tokenwise.autograd.Parameters;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.io.TensorData;
import io.tokenwise.io.WeightSource;
import io.tokenwise.kernels.Activation;
import io.tokenwise.model.LayerNames.Norms;
import io.tokenwise.model.LayerNames.Side;
import io.tokenwise.model.bert.BertArchitecture;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.MlpForm;
import io.tokenwise.tensor.HostTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Files that keep several matrices of a layer in one tensor. */
class FusedTensorsTest {
    private static final int HIDDEN = 6;
    private static final int UNITS = 5;

    private static final LayerNames SEPARATE = LayerNames.of(
            "self.query", "self.key", "self.value", "self.output", "mlp.up", "mlp.down", Norms.of("norm1", "norm2"));

    private final Backend backend = VectorBackend.open(1);

    @AfterEach
    void close() {
        backend.close();
    }

    /** A file whose tensor {@code [out, in]} has the number {@code 100 * out + in} everywhere, and whose bias has {@code out}. */
    private record NumberedFile(Map<String, long[]> shapes) implements WeightSource {
        @Override
        public String description() {
            return "numbered";
        }

        @Override
        public Set<String> names() {
            return shapes.keySet();
        }

        @Override
        public long[] shape(String name) {
            return shapes.get(name).clone();
        }

        @Override
        public String type(String name) {
            return "F32";
        }

        @Override
        public void read(String name, MemorySegment destination) {
            long[] shape = shapes.get(name);
            long columns = shape.length == 1 ? 1 : shape[1];
            for (long i = 0; i < shape[0] * columns; i++) {
                destination.setAtIndex(
                        ValueLayout.JAVA_FLOAT_UNALIGNED,
                        i,
                        100 * (i / columns) + (shape.length == 1 ? 0 : i % columns));
            }
        }

        @Override
        public void close() {}
    }

    private LayerBuilder builder(Parameters parameters) {
        return new LayerBuilder(
                parameters, new BertArchitecture(HIDDEN, 1, 2, UNITS, 10, 10, 2, 1e-12), AdaptiveConfig.DENSE);
    }

    private static Map<String, long[]> shapes(LayerBuilder parts) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        parts.stored().forEach(tensor -> shapes.put(tensor.name(), tensor.dimensions()));
        return shapes;
    }

    /** Loads the numbers, and checks that storing gives them back. */
    private static void load(LayerBuilder parts) {
        var file = new NumberedFile(shapes(parts));
        StoredTensor.loadAll(parts.stored(), file);
        try (Arena arena = Arena.ofConfined()) {
            for (StoredTensor tensor : parts.stored()) {
                TensorData stored = tensor.store(arena);
                MemorySegment expected = arena.allocate(stored.floats().byteSize(), 64);
                file.read(tensor.name(), expected);
                assertThat(stored.floats().mismatch(expected)).as(tensor.name()).isEqualTo(-1);
            }
        }
    }

    private static float at(Linear linear, int row, int column) {
        try (HostTensor values = linear.weight().parameter().read()) {
            return values.get(row, column);
        }
    }

    @Test
    void unitsAndGatesOfOneMatrixAreFoundInTheFilesOrder() {
        try (var parameters = new Parameters(backend)) {
            LayerBuilder parts = builder(parameters);
            LayerNames gateFirst = SEPARATE.gatedBy(new Side("mlp.Wi", 1, 2), new Side("mlp.Wi", 0, 2));
            var mlp = (Mlp) parts.mlp("layers.0.", new MlpForm(UNITS, Activation.SILU, true, true, true), gateFirst)
                    .block();
            assertThat(shapes(parts))
                    .containsOnlyKeys(
                            "layers.0.mlp.Wi.weight",
                            "layers.0.mlp.Wi.bias",
                            "layers.0.mlp.down.weight",
                            "layers.0.mlp.down.bias");
            assertThat(shapes(parts).get("layers.0.mlp.Wi.weight")).containsExactly(2 * UNITS, HIDDEN);
            load(parts);
            // Units are the second half of the file's rows, gates the first.
            assertThat(at(mlp.up(), 3, 0)).isEqualTo(100 * UNITS + 3);
            assertThat(at(mlp.up(), 3, UNITS + 1)).isEqualTo(100 + 3);
            try (HostTensor bias = mlp.up().bias().read()) {
                assertThat(bias.get(0, 0)).isEqualTo(100 * UNITS);
                assertThat(bias.get(0, UNITS + 1)).isEqualTo(100);
            }
        }
    }

    @Test
    void queriesKeysAndValuesOfOneMatrixAreOneTensor() {
        try (var parameters = new Parameters(backend)) {
            LayerBuilder parts = builder(parameters);
            Linear qkv = parts.qkv("layers.0.", AttentionForm.plain(2, HIDDEN / 2), SEPARATE.fused("Wqkv"));
            assertThat(qkv.weight().parameter().name()).isEqualTo("layers.0.Wqkv.weight");
            load(parts);
            assertThat(at(qkv, 2, HIDDEN + 1)).isEqualTo(100 * (HIDDEN + 1) + 2);
        }
    }

    @Test
    void threeMatricesLieSideBySide() {
        try (var parameters = new Parameters(backend)) {
            LayerBuilder parts = builder(parameters);
            Linear qkv = parts.qkv("layers.0.", AttentionForm.plain(2, HIDDEN / 2), SEPARATE);
            assertThat(qkv.weight().parameter().name()).isEqualTo("layers.0.self.qkv.weight");
            load(parts);
            assertThat(at(qkv, 2, HIDDEN + 1)).isEqualTo(100 + 2);
        }
    }

    /** Of four heads on two of keys and values: 12 columns, 6 and 6. */
    @Test
    void partsOfAMatrixMayHaveDifferentWidths() {
        try (var parameters = new Parameters(backend)) {
            LayerBuilder parts = builder(parameters);
            Linear qkv = parts.qkv("layers.0.", AttentionForm.plain(4, 3).withKeyHeads(2), SEPARATE.fused("Wqkv"));
            assertThat(shapes(parts).get("layers.0.Wqkv.weight")).containsExactly(24, HIDDEN);
            load(parts);
            assertThat(at(qkv, 5, 12 + 6)).isEqualTo(100 * 18 + 5);
        }
    }

    @Test
    void namesOfPartsThatAreNotAllThereAreRefused() {
        try (var parameters = new Parameters(backend)) {
            LayerNames one = SEPARATE.gatedBy(new Side("mlp.Wi", 0, 3), new Side("mlp.Wi", 1, 3));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> builder(parameters)
                            .mlp("layers.0.", new MlpForm(UNITS, Activation.SILU, true, true, true), one))
                    .withMessage("layers.0.mlp.Wi has other parts than those named");
        }
    }
}
