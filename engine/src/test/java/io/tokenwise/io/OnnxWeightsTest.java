package io.tokenwise.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import io.tokenwise.api.BadFileException;
import io.tokenwise.model.open.ModelFilesTest;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class OnnxWeightsTest {
    private static final int FLOAT = 1;

    private static TensorProto.Builder tensor(String name, List<Long> shape, float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return TensorProto.newBuilder()
                .setName(name)
                .setDataType(FLOAT)
                .addAllDims(shape)
                .setRawData(ByteString.copyFrom(bytes));
    }

    private static NodeProto.Builder node(String type, String output, String... inputs) {
        return NodeProto.newBuilder().setOpType(type).addOutput(output).addAllInput(List.of(inputs));
    }

    /** Two linear layers, one with its matrix as an initializer and the bias first, one the other way round. */
    private static GraphProto.Builder graph() {
        return GraphProto.newBuilder()
                .addInitializer(tensor("norm.weight", List.of(2L), 7, 8))
                .addInitializer(tensor("norm.bias", List.of(2L), 9, 10))
                .addInitializer(tensor("first.bias", List.of(3L), 1, 2, 3))
                .addInitializer(tensor("onnx::MatMul_1", List.of(2L, 3L), 11, 12, 13, 21, 22, 23))
                .addInitializer(tensor("second.bias", List.of(1L), 4))
                .addNode(node("Constant", "matrix")
                        .addAttribute(AttributeProto.newBuilder()
                                .setName("value")
                                .setT(tensor("", List.of(3L, 1L), 31, 32, 33))))
                .addNode(node("MatMul", "product1", "x", "onnx::MatMul_1"))
                .addNode(node("Add", "sum1", "first.bias", "product1"))
                .addNode(node("MatMul", "product2", "sum1", "matrix"))
                .addNode(node("Add", "sum2", "product2", "second.bias"));
    }

    @Test
    void graphsInEachOtherAreRefused() {
        GraphProto.Builder graph = GraphProto.newBuilder();
        for (int i = 0; i < 110; i++) {
            graph = GraphProto.newBuilder()
                    .addNode(NodeProto.newBuilder()
                            .addAttribute(AttributeProto.newBuilder().setG(graph)));
        }
        byte[] bytes = bytes(graph);
        assertThatThrownBy(() -> OnnxFile.read("model.onnx", new ByteArrayInputStream(bytes), bytes.length))
                .isInstanceOf(BadFileException.class)
                .hasMessage("model.onnx: is an ONNX model of more than 100 messages in each other");
    }

    /** Two bytes each, and 80 in memory. */
    @Test
    void manyEmptyNodesAreRefusedBeforeTheyAreRead() {
        GraphProto.Builder graph = GraphProto.newBuilder();
        NodeProto empty = NodeProto.getDefaultInstance();
        for (int i = 0; i < 500_000; i++) {
            graph.addNode(empty);
        }
        byte[] bytes = bytes(graph);
        assertThatThrownBy(() -> OnnxFile.read("model.onnx", new ByteArrayInputStream(bytes), bytes.length))
                .isInstanceOf(BadFileException.class)
                .hasMessage("model.onnx: is an ONNX model of more than 500000 fields");
    }

    private static byte[] bytes(GraphProto.Builder graph) {
        return ModelProto.newBuilder().setGraph(graph).build().toByteArray();
    }

    private static OnnxWeights open(byte[] bytes) {
        try {
            return OnnxWeights.read("m.onnx", new ByteArrayInputStream(bytes), bytes.length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void anonymousMatricesGetTheirNamesAndAreTransposed() {
        try (OnnxWeights weights = open(bytes(graph()))) {
            assertThat(weights.names())
                    .containsExactlyInAnyOrder(
                            "norm.weight", "norm.bias", "first.weight", "first.bias", "second.weight", "second.bias");
            assertThat(weights.shape("first.weight")).containsExactly(3, 2);
            assertThat(read(weights, "first.weight", 6)).containsExactly(11, 21, 12, 22, 13, 23);
            assertThat(weights.shape("second.weight")).containsExactly(1, 3);
            assertThat(read(weights, "second.weight", 3)).containsExactly(31, 32, 33);
            assertThat(read(weights, "norm.bias", 2)).containsExactly(9, 10);
            assertThatThrownBy(() -> read(weights, "norm.bias", 3))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("m.onnx: tensor norm.bias: destination has 12 bytes");
            assertThatThrownBy(() -> read(weights, "x", 3))
                    .isInstanceOf(BadFileException.class)
                    .hasMessage("m.onnx: has no tensor x");
        }
    }

    static Stream<Arguments> badGraphs() {
        return Stream.of(
                bad("no weights", g -> g.clear(), "has no named weights"),
                bad(
                        "no MatMul",
                        g -> g.removeNode(1),
                        "no MatMul with a constant float matrix feeds the Add of first.bias"),
                bad("another bias added", g -> g.getNodeBuilder(2).setInput(0, "x"), "feeds the Add of first.bias"),
                bad("int8 matrix", g -> g.getInitializerBuilder(3).setDataType(3), "feeds the Add of first.bias"),
                bad(
                        "matrix of 3 dimensions",
                        g -> g.getInitializerBuilder(3).addDims(1),
                        "feeds the Add of first.bias"),
                bad(
                        "too few bytes",
                        g -> g.getInitializerBuilder(3).setDims(0, 3),
                        "tensor first.weight: its shape takes 36 bytes, the file holds 24"),
                bad(
                        "negative dimensions",
                        g -> g.getInitializerBuilder(3).setDims(0, -2).setDims(1, -3),
                        "negative dimension"),
                bad(
                        "shape that overflows",
                        g -> g.getInitializerBuilder(0).setDims(0, 1L << 62),
                        "its shape overflows"),
                bad(
                        "weights in another file",
                        g -> g.getInitializerBuilder(0).setDataLocation(TensorProto.DataLocation.EXTERNAL),
                        "tensor norm.weight lies in another file"));
    }

    private static Arguments bad(String name, Consumer<GraphProto.Builder> change, String fact) {
        GraphProto.Builder graph = graph();
        change.accept(graph);
        return arguments(name, bytes(graph), fact);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("badGraphs")
    void graphOfAnotherFormIsRefused(String name, byte[] bytes, String fact) {
        assertThatThrownBy(() -> open(bytes))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith("m.onnx: ")
                .hasMessageContaining(fact)
                .message()
                .hasLineCount(1);
    }

    @Test
    void nanIsRefused() {
        GraphProto.Builder graph = graph();
        graph.setInitializer(0, tensor("norm.weight", List.of(2L), 7, Float.NaN));
        try (OnnxWeights weights = open(bytes(graph))) {
            assertThatThrownBy(() -> read(weights, "norm.weight", 2))
                    .isInstanceOf(BadFileException.class)
                    .hasMessageStartingWith("m.onnx: tensor norm.weight: element 1 is NaN");
        }
    }

    @Test
    void absentFileIsRefused(@TempDir Path temp) {
        assertThatThrownBy(() -> OnnxWeights.open(temp.resolve("m.onnx")))
                .isInstanceOf(BadFileException.class)
                .hasMessageEndingWith("m.onnx: no such file");
    }

    @Test
    void fewerBytesThanPromisedAreTold() {
        assertThatThrownBy(() -> OnnxWeights.read("m.onnx", new ByteArrayInputStream(new byte[3]), 4))
                .isInstanceOf(EOFException.class)
                .hasMessage("m.onnx: ends after 3 of 4 bytes");
    }

    @Test
    void damagedFileIsReadOrRefusedAndNothingElse() {
        byte[] whole = bytes(graph());
        int refused = 0;
        for (int length = 0; length < whole.length; length++) {
            refused += isReadable(Arrays.copyOf(whole, length)) ? 0 : 1;
        }
        assertThat(refused).isEqualTo(whole.length);
        Random random = new Random(5);
        for (int i = 0; i < 5_000; i++) {
            byte[] damaged = whole.clone();
            for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            }
            refused += isReadable(damaged) ? 0 : 1;
        }
        assertThat(refused).isGreaterThan(whole.length + 1_000);
    }

    private static boolean isReadable(byte[] bytes) {
        try (OnnxWeights weights = open(bytes);
                Arena arena = Arena.ofConfined()) {
            ModelFilesTest.readAll(weights, arena);
            return true;
        } catch (BadFileException e) {
            assertThat(e.getMessage()).hasLineCount(1);
            return false;
        }
    }

    private static float[] read(WeightSource source, String name, int elements) {
        float[] values = new float[elements];
        source.read(name, MemorySegment.ofArray(values));
        return values;
    }
}
