package io.tokenwise.references;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;

/** Two opinions on each family agree: ONNX Runtime on a padded batch, libtorch on its texts alone. */
class OrtGraphsTest {
    static final List<Arguments> MODELS = Stream.concat(
                    ReferenceTest.MODELS.stream(),
                    Stream.of(
                            arguments(
                                    "bert",
                                    Map.of("model_type", "xlm-roberta", "pad_token_id", 1, "hidden_act", "gelu_new")),
                            arguments("jina_bert", Map.of("num_attention_heads", 6)),
                            arguments(
                                    "t5",
                                    Map.of(
                                            "feed_forward_proj",
                                            "gated-gelu",
                                            "relative_attention_num_buckets",
                                            8,
                                            "relative_attention_max_distance",
                                            20)),
                            arguments(
                                    "deberta_v2",
                                    Map.of(
                                            "position_biased_input",
                                            true,
                                            "type_vocab_size",
                                            2,
                                            "max_relative_positions",
                                            20)),
                            arguments(
                                    "modernbert",
                                    Map.of("norm_bias", false, "attention_bias", false, "mlp_bias", false)),
                            arguments("eurobert", Map.of("num_key_value_heads", 6))))
            .toList();

    @BeforeAll
    static void libtorch() {
        assumeThat(TorchScript.isAvailable()).as("libtorch for Linux on x86-64").isTrue();
    }

    @Test
    void theyAgreeOnLogitsOfWords() throws IOException {
        RandomModel model = RandomModel.small("bert", Map.of(), 3).with("masked", Map.of(), 4);
        int[] text = {7, 50, 3, 96, 12};
        try (OrtReference onnx = OrtReference.of(model);
                Reference torch = model.reference();
                Reference head = model.reference("masked")) {
            float[][] wanted = head.run(torch.run(text).last()).part("logits");
            float[][] found = onnx.run(0, List.of(text), List.of()).getFirst().part("logits");
            for (int i = 0; i < wanted.length; i++) {
                assertThat(found[i]).containsExactly(wanted[i], within(1e-4f));
            }
        }
    }

    @ParameterizedTest
    @FieldSource("MODELS")
    void agreeInEveryLayer(String family, Map<String, ?> changes) throws IOException {
        RandomModel model = RandomModel.small(family, changes, 11);
        try (Reference torch = model.reference();
                OrtReference ort = OrtReference.of(model)) {
            if (family.equals("wav2vec2")) {
                float[] samples = ReferenceTest.samples(1700);
                agree(ort.run(samples), torch.run(samples));
                return;
            }
            List<int[]> texts = Stream.of(1, 7, 40).map(ReferenceTest::ids).toList();
            List<int[]> types = texts.stream()
                    .map(text -> IntStream.range(0, text.length).map(i -> i % 2).toArray())
                    .toList();
            int pad = model.config().get("pad_token_id") instanceof Integer id ? id : 0;
            List<Result> batch = ort.run(pad, texts, types);
            for (int i = 0; i < texts.size(); i++) {
                agree(batch.get(i), torch.run(texts.get(i), types.get(i)));
            }
        }
    }

    private static void agree(Result ort, Result torch) {
        assertThat(ort.layers()).hasSize(3);
        ort.parts()
                .forEach((name, rows) -> assertThat(ReferenceTest.distance(rows, torch.part(name)))
                        .as(name)
                        .isLessThan(1e-4));
    }

    /** As in all-minilm-l6-v2-q.onnx: 6 products of bytes a layer on 4 inputs, each scaled by two numbers; attention stays float32. */
    @Test
    void int8IsWhatItsToolMakes() throws IOException {
        RandomModel model = RandomModel.small("bert", Map.of(), 11);
        Map<String, Long> nodes =
                ModelProto.parseFrom(OrtReference.graph(model, true)).getGraph().getNodeList().stream()
                        .collect(Collectors.groupingBy(NodeProto::getOpType, Collectors.counting()));
        assertThat(nodes)
                .containsEntry("MatMulInteger", 6L * 3)
                .containsEntry("DynamicQuantizeLinear", 4L * 3)
                .containsEntry("MatMul", 2L * 3)
                .containsEntry("Erf", 3L);
        int[] text = ReferenceTest.ids(40);
        try (OrtReference floats = OrtReference.of(model);
                OrtReference bytes = OrtReference.int8(model)) {
            float[][] exact = floats.run(0, List.of(text), List.of()).getFirst().last();
            float[][] rounded =
                    bytes.run(0, List.of(text), List.of()).getFirst().last();
            assertThat(IntStream.range(0, 40)
                            .mapToDouble(i -> cosine(rounded[i], exact[i]))
                            .average()
                            .orElseThrow())
                    .isBetween(.95, .99999);
        }
    }

    private static double cosine(float[] a, float[] b) {
        double dot = 0;
        double squaresA = 0;
        double squaresB = 0;
        for (int i = 0; i < a.length; i++) {
            dot += (double) a[i] * b[i];
            squaresA += (double) a[i] * a[i];
            squaresB += (double) b[i] * b[i];
        }
        return dot / Math.sqrt(squaresA * squaresB);
    }

    /** Buckets of MPNet and T5 as T5's documentation has them: exact up to 7, then wider and wider, all beyond 128 as one. */
    @Test
    void bucketsGrow() {
        assertThat(IntStream.of(0, -1, -7, -8, -11, -12, -127, -128, -5000).map(ahead -> OrtT5.bucket(ahead, 32, 128)))
                .containsExactly(0, 1, 7, 8, 8, 9, 15, 15, 15);
        assertThat(IntStream.of(1, 7, 8, 5000).map(ahead -> OrtT5.bucket(ahead, 32, 128)))
                .containsExactly(17, 23, 24, 31);
    }

    /** Slopes of 8 heads as the paper on ALiBi states them: 1/2, 1/4, .., 1/256. */
    @Test
    void slopesAreThoseOfThePaper() {
        for (int head = 0; head < 8; head++) {
            assertThat(OrtGraphs.slopes(8)[head]).isCloseTo(Math.pow(2, -head - 1), within(1e-12));
        }
    }
}
