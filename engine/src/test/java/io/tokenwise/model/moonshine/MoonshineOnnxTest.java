package io.tokenwise.model.moonshine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import io.tokenwise.HuggingFaceTensors;
import io.tokenwise.TestMoonshines;
import io.tokenwise.api.BadFileException;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Quantised ONNX files of a Moonshine: what is read from good ones, and what is said of bad ones. */
class MoonshineOnnxTest {
    private final MoonshineGraphs graphs = new MoonshineGraphs(TestMoonshines.SMALL);

    @TempDir
    private Path folder;

    @BeforeEach
    void writeVocabulary() throws IOException {
        TestMoonshines.writeVocabulary(folder);
    }

    @Test
    void sizesAndWeightsAreRead() throws IOException {
        graphs.write(folder);
        try (ModelFiles files = Models.open(folder);
                Arena arena = Arena.ofConfined()) {
            assertThat(files.speech().architecture()).isEqualTo(TestMoonshines.SMALL);
            assertThat(files.weights().names()).containsExactlyInAnyOrderElementsOf(graphs.expected.keySet());
            assertThat(files.weights().type("decoder.embed_tokens.weight")).isEqualTo("U8");
            assertThat(files.weights().type("encoder.conv2.weight")).isEqualTo("I8");
            assertThat(files.weights().type("encoder.conv2.bias")).isEqualTo("F32");
            graphs.expected.forEach((name, values) -> {
                assertThat(files.weights().shape(name))
                        .isEqualTo(HuggingFaceTensors.of(TestMoonshines.SMALL).get(name));
                MemorySegment floats = arena.allocate(4L * values.length, 4);
                files.weights().read(name, floats);
                assertThat(floats.toArray(ValueLayout.JAVA_FLOAT)).as(name).isEqualTo(values);
            });
        }
    }

    private void assertBad(String... message) throws IOException {
        graphs.write(folder);
        var failure = assertThatThrownBy(() -> Models.open(folder)).isInstanceOf(BadFileException.class);
        for (String part : message) {
            failure.hasMessageContaining(part);
        }
    }

    private static void change(GraphProto.Builder graph, String node, Consumer<NodeProto.Builder> change) {
        graph.getNodeBuilderList().stream()
                .filter(each -> each.getName().equals(node))
                .forEach(change);
    }

    private static NodeProto node(GraphProto.Builder graph, String name) {
        return graph.getNodeList().stream()
                .filter(node -> node.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static void remove(GraphProto.Builder graph, Predicate<NodeProto> which) {
        for (int i = graph.getNodeCount() - 1; i >= 0; i--) {
            if (which.test(graph.getNode(i))) {
                graph.removeNode(i);
            }
        }
    }

    private static TensorProto.Builder initializer(GraphProto.Builder graph, String name) {
        return graph.getInitializerBuilderList().stream()
                .filter(tensor -> tensor.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aMissingMatrixIsTold() throws IOException {
        remove(graphs.first, node -> node.getName().startsWith("/model/decoder/layers.1/encoder_attn/v_proj"));
        assertBad("has no tensor decoder.layers.1.encoder_attn.v_proj.weight");
    }

    @Test
    void aLayerTooManyIsNotOverlooked() throws IOException {
        NodeProto norm = node(graphs.encoder, "/layers.0/input_layernorm/Mul");
        graphs.encoder.addNode(norm.toBuilder().setName("/layers.1/extra_layernorm/Mul"));
        assertBad(
                "encoder_model.onnx", "has weights of encoder.layers.1.extra_layernorm.weight, which no Moonshine has");
        remove(graphs.encoder, node -> node.getName().contains("extra"));
        graphs.encoder.addNode(norm);
        assertBad("encoder_model.onnx", "has two tensors that are encoder.layers.0.input_layernorm.weight");
    }

    @Test
    void weightsOfNoLayerAreRefused() throws IOException {
        NodeProto norm = node(graphs.encoder, "/layers.0/input_layernorm/Mul");
        graphs.encoder.addNode(norm.toBuilder().setName("/layers/Mul"));
        assertBad("encoder_model.onnx", "has weights of encoder.layers.weight, which no Moonshine has");
        remove(graphs.encoder, node -> node.getName().equals("/layers/Mul"));
        NodeProto decoderNorm = node(graphs.first, "/model/decoder/layers.0/input_layernorm/Mul");
        graphs.first.addNode(decoderNorm.toBuilder().setName("/model/decoder/layers/Mul"));
        assertBad("decoder_model_merged.onnx", "has weights of decoder.layers.weight, which no Moonshine has");
    }

    @Test
    void aScaleThatIsNotThereIsTold() throws IOException {
        remove(graphs.encoder, node -> node.getName().equals("/layers.0/mlp/fc1/MatMul_scales"));
        assertBad("node /layers.0/mlp/fc1/MatMul_scaled: no node makes its input /layers.0/mlp/fc1/MatMul_scales:0");
        remove(graphs.encoder, node -> node.getName().equals("/layers.0/mlp/fc1/MatMul_cast"));
        assertBad("node /layers.0/mlp/fc1/MatMul_quant: no Cast reads its result");
    }

    @Test
    void dataThatAreShorterThanTheirShapeAreTold() throws IOException {
        initializer(graphs.encoder, "/conv2.q").setRawData(ByteString.copyFrom(new byte[10]));
        assertBad("tensor /conv2.q: its shape takes 32256 bytes, the file holds 10 (raw_data)");
        initializer(graphs.encoder, "/conv2.q").setDims(0, Long.MAX_VALUE);
        assertBad("tensor /conv2.q: its shape overflows");
        initializer(graphs.encoder, "/conv2.q").setDataType(6);
        assertBad("node /conv2/Conv does not read constant weights of floats, or of bytes with a scale");
    }

    @Test
    void sizesThatCannotBeAreTold() throws IOException {
        initializer(graphs.encoder, "/conv1.q").clearDims().setRawData(ByteString.copyFrom(new byte[1]));
        assertBad("tensor encoder.conv1.weight has the shape []; the first dimension must be 1 to 1048576");
        initializer(graphs.encoder, "/conv1.q").addDims(1L << 40).addDims(0).setRawData(ByteString.EMPTY);
        assertBad("tensor encoder.conv1.weight has the shape [1099511627776, 0]; the first");
    }

    @Test
    void otherConvolutionsAndAnglesAreRefused() throws IOException {
        change(
                graphs.encoder,
                "/conv1/Conv",
                node -> node.getAttributeBuilder(0).setInts(0, 32));
        assertBad("node /conv1/Conv is not one of Moonshine's three convolutions: steps 64, 3 and 2, without padding");
        change(
                graphs.encoder,
                "/conv1/Conv",
                node -> node.getAttributeBuilder(0).setInts(0, 64));
        TensorProto.Builder angles = initializer(graphs.encoder, "/rotary_emb/frequencies");
        angles.clearRawData().addFloatData(1).addFloatData(.5f).addFloatData(.25f);
        assertBad("node /rotary_emb/MatMul: frequency 1 of rotary positions is 0.5, must be 0.0464");
    }

    @Test
    void whatIsNoModelIsTold() throws IOException {
        graphs.write(folder);
        Path decoder = folder.resolve(MoonshineOnnx.DECODER);
        byte[] whole = Files.readAllBytes(decoder);
        Files.write(decoder, Arrays.copyOf(whole, whole.length / 2));
        assertThatThrownBy(() -> Models.open(folder))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining(decoder + ": is not an ONNX model");
        Files.copy(folder.resolve(MoonshineOnnx.ENCODER), decoder, StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> Models.open(folder)).hasMessage(decoder + ": has no If with an else_branch");
        Files.delete(decoder);
        assertThatThrownBy(() -> Models.open(folder)).hasMessage(decoder + ": no such file");
    }

    /** Whatever a damaged file claims, it is read or refused in one line. */
    @Test
    void damagedFilesAreReadOrRefused() throws IOException {
        graphs.write(folder);
        var random = new SplittableRandom(11);
        int refused = 0;
        for (String name : List.of(MoonshineOnnx.ENCODER, MoonshineOnnx.DECODER)) {
            Path file = folder.resolve(name);
            byte[] good = Files.readAllBytes(file);
            for (int round = 0; round < 400; round++) {
                byte[] bad = good.clone();
                for (int change = 0; change <= round % 4; change++) {
                    // Near the ends, where nodes and names are: most of the rest are weights.
                    int at = random.nextInt(Math.min(bad.length, 20_000));
                    bad[random.nextBoolean() ? at : bad.length - 1 - at] = (byte) random.nextInt(256);
                }
                Files.write(file, bad);
                try (ModelFiles files = Models.open(folder)) {
                    assertThat(files.speech().architecture().hiddenSize()).isPositive();
                } catch (BadFileException e) {
                    assertThat(e.getMessage()).doesNotContain("\n");
                    refused++;
                }
            }
            Files.write(file, good);
        }
        assertThat(refused).isGreaterThan(100);
    }
}
