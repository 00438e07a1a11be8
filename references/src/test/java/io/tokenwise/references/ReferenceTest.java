package io.tokenwise.references;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The programs are what they are taken for: each reads every weight, sees what it may see and nothing else. */
class ReferenceTest {
    /** A family, and what its config has otherwise than the small model. */
    static final List<Arguments> MODELS = Stream.concat(
                    RandomModel.FAMILIES.stream().map(family -> arguments(family, Map.of())),
                    Stream.of(
                            arguments("wav2vec2", Map.of("feat_extract_norm", "layer", "do_stable_layer_norm", true)),
                            arguments("wav2vec2", Map.of("model_type", "hubert", "feat_proj_layer_norm", false)),
                            arguments("nomic_bert", Map.of("activation_function", "gelu")),
                            arguments("gemma3", Map.of("use_bidirectional_attention", false)),
                            arguments("gemma3", Map.of("use_bidirectional_attention", false, "is_causal", false)),
                            arguments("qwen2", Map.of("is_causal", false)),
                            arguments("qwen3", Map.of("use_bidirectional_attention", true)),
                            arguments("qwen3", Map.of("is_causal", false))))
            .toList();

    /** Biases of keys that are not turned: they move all scores of a query alike, which softmax does not see. */
    private static final Pattern UNSEEN = Pattern.compile("encoder.layer.*(key|attn\\.k|k_proj)\\.bias|.*k_lin\\.bias");

    /** The bias before a norm over time, which takes it away. */
    private static final String BEFORE_GROUPS = "feature_extractor.conv_layers.0.conv.bias";

    @BeforeAll
    static void libtorch() {
        assumeThat(TorchScript.isAvailable()).as("libtorch for Linux on x86-64").isTrue();
    }

    @ParameterizedTest
    @FieldSource("MODELS")
    void softmaxIsPeakedAndEveryWeightMatters(String family, Map<String, ?> changes) throws IOException {
        RandomModel model = RandomModel.small(family, changes, 7);
        try (Reference reference = model.reference()) {
            Result whole = run(reference, family, 40);
            assertThat(whole.layers()).hasSize(3);
            // Half of log n, and no argmax.
            assertThat(whole.entropies()).hasSize(3).allMatch(share -> share > .1 && share < .5);
            String result = whole.parts().containsKey("logits") ? "logits" : "last";
            for (var entry : model.weights().entrySet()) {
                Array array = entry.getValue();
                float[] values = array.values().clone();
                for (int i = 0; i < values.length; i += 2) {
                    values[i] = values[i] * .5f + .1f;
                }
                reference.put(entry.getKey(), new Array(values, array.shape()));
                double difference = distance(run(reference, family, 40).part(result), whole.part(result));
                if (UNSEEN.matcher(entry.getKey()).matches()
                        || !changes.containsKey("feat_extract_norm")
                                && entry.getKey().equals(BEFORE_GROUPS)) {
                    assertThat(difference).as(entry.getKey()).isLessThan(1e-4);
                } else {
                    assertThat(difference).as(entry.getKey()).isGreaterThan(1e-3);
                }
                reference.put(entry.getKey(), array);
            }
            assertThat(run(reference, family, 40).part(result)).isDeepEqualTo(whole.part(result));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bert", "roberta", "xlm-roberta", "camembert"})
    void withoutPositionsAPermutedTextGivesPermutedVectors(String type) throws IOException {
        RandomModel model = RandomModel.small("bert", Map.of("model_type", type), 1);
        int[] ids = ids(20);
        int[] turned = IntStream.range(0, 20).map(i -> ids[(i + 7) % 20]).toArray();
        try (Reference reference = model.reference()) {
            assertThat(distance(
                            reference.run(turned).last()[0], reference.run(ids).last()[7]))
                    .isGreaterThan(.1);
            String positions = "embeddings.position_embeddings.weight";
            Array table = model.weights().get(positions);
            reference.put(positions, new Array(new float[table.values().length], table.shape()));
            float[][] there = reference.run(ids).last();
            float[][] moved = reference.run(turned).last();
            for (int i = 0; i < 20; i++) {
                assertThat(distance(moved[i], there[(i + 7) % 20])).isLessThan(1e-4);
            }
        }
    }

    /** RoBERTa's first token is at pad_token_id + 1; padding does not count. */
    @Test
    void robertasPositionsBeginBehindThePadding() throws IOException {
        RandomModel bert = RandomModel.small("bert", Map.of("pad_token_id", 5), 1);
        RandomModel roberta = new RandomModel("bert", changed(bert.config(), "model_type", "roberta"), bert.weights());
        String positions = "embeddings.position_embeddings.weight";
        Array table = bert.weights().get(positions);
        var moved = new float[table.values().length];
        System.arraycopy(table.values(), 6 * 48, moved, 0, moved.length - 6 * 48);
        try (Reference first = bert.reference();
                Reference second = roberta.reference()) {
            first.put(positions, new Array(moved, table.shape()));
            assertThat(distance(second.run(ids(9)).last(), first.run(ids(9)).last()))
                    .isZero();
            float[][] padded = second.run(8, 9, 5, 10).embeddings();
            assertThat(padded[3]).isEqualTo(second.run(8, 9, 10).embeddings()[2]);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen2", "qwen3", "gemma3"})
    void decodersSeeWhatIsBeforeThem(String family) throws IOException {
        RandomModel model = RandomModel.small(family, Map.of("use_bidirectional_attention", false), 2);
        int[] ids = ids(30);
        try (Reference reference = model.reference()) {
            float[][] whole = reference.run(ids).last();
            float[][] prefix = reference.run(Arrays.copyOf(ids, 11)).last();
            for (int i = 0; i < 11; i++) {
                assertThat(distance(prefix[i], whole[i])).isLessThan(1e-4);
            }
        }
    }

    /** With windows in all layers a token of the first layer sees 4 to either side, or in a decoder 7 before itself. */
    @ParameterizedTest
    @ValueSource(strings = {"modernbert", "gemma3 both", "gemma3 before"})
    void windowsEndWhereTheyShould(String kind) throws IOException {
        boolean before = kind.endsWith("before");
        String family = kind.split(" ")[0];
        RandomModel model = RandomModel.small(
                family,
                Map.of(
                        "sliding_window_pattern",
                        99,
                        "global_attn_every_n_layers",
                        1,
                        "use_bidirectional_attention",
                        !before),
                3);
        if (family.equals("modernbert")) {
            // Layer 0 is always global: the second is looked at, on the first's results, which a token of no weight
            // leaves as they are.
            model = RandomModel.small(family, Map.of("global_attn_every_n_layers", 3), 3);
            Arrays.fill(model.weights().get("layers.0.attn.Wo.weight").values(), 0);
        }
        int layer = family.equals("modernbert") ? 1 : 0;
        int[] ids = ids(30);
        try (Reference reference = model.reference()) {
            float[][] whole = reference.run(ids).layers().get(layer);
            int[] other = ids.clone();
            other[15] = ids[15] == 50 ? 51 : 50;
            float[][] changed = reference.run(other).layers().get(layer);
            int[] seeing = IntStream.range(0, 30)
                    .filter(i -> distance(changed[i], whole[i]) > 1e-5)
                    .toArray();
            assertThat(seeing)
                    .isEqualTo(IntStream.rangeClosed(before ? 15 : 11, before ? 22 : 19)
                            .toArray());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bert", "roberta", "distilbert", "mpnet", "modernbert"})
    void headsReadAllTheirWeights(String type) throws IOException {
        String family = type.equals("roberta") ? "bert" : type;
        RandomModel trunk = RandomModel.small(family, Map.of("model_type", type, "classifier_bias", true), 4);
        float[][] last;
        try (Reference reference = trunk.reference()) {
            last = reference.run(ids(12)).last();
        }
        head(trunk.with("classifiers", Map.of("num_labels", 3), 5), "classifiers", last, 1, 3);
        head(trunk.with("classifiers", Map.of("num_labels", 3, "tokens", true), 5), "classifiers", last, 12, 3);
        head(trunk.with("masked", Map.of(), 5), "masked", last, 12, 97);
        if (family.equals("bert")) {
            head(trunk.with("colbert", Map.of("dim", 16), 5), "colbert", last, 12, 16);
        }
    }

    /** Of a token below 0 the weight is 0, and of the first there is no vector. */
    @Test
    void bgeM3sLayersReadAllTheirWeights() throws IOException {
        RandomModel model = RandomModel.small("bert", Map.of("model_type", "xlm-roberta"), 4)
                .with("m3", Map.of("dim", 16), 5);
        try (Reference trunk = model.reference();
                Reference layers = model.reference("m3")) {
            Result whole = layers.run(trunk.run(ids(12)).last());
            assertThat(whole.part("weights")).hasDimensions(12, 1);
            assertThat(whole.part("vectors")).hasDimensions(11, 16);
            for (String name : Shapes.of("m3", model.config()).keySet()) {
                String part = name.startsWith("sparse") ? "weights" : "vectors";
                Array array = model.weights().get(name);
                float[] values = array.values().clone();
                for (int i = 0; i < values.length; i += 2) {
                    values[i] += .3f;
                }
                layers.put(name, new Array(values, array.shape()));
                assertThat(distance(layers.run(trunk.run(ids(12)).last()).part(part), whole.part(part)))
                        .as(name)
                        .isGreaterThan(1e-3);
                layers.put(name, array);
            }
            float bias = model.weights().get("sparse_linear.bias").values()[0];
            layers.put("sparse_linear.bias", new Array(new float[] {bias - 2}, new long[] {1}));
            float[][] lower = layers.run(trunk.run(ids(12)).last()).part("weights");
            assertThat(List.of(lower)).anyMatch(weight -> weight[0] == 0).anyMatch(weight -> weight[0] > 0);
            for (int i = 0; i < 12; i++) {
                assertThat(lower[i][0]).isCloseTo(Math.max(0, whole.part("weights")[i][0] - 2), within(1e-5f));
            }
        }
    }

    private static void head(RandomModel model, String head, float[][] last, int rows, int columns) throws IOException {
        String part = head.equals("colbert") ? "vectors" : "logits";
        try (Reference reference = model.reference(head)) {
            float[][] whole = reference.run(last).part(part);
            assertThat(whole).hasNumberOfRows(rows);
            assertThat(whole[0]).hasSize(columns);
            for (String name : Shapes.of(head, model.config()).keySet()) {
                Array array = model.weights().get(name);
                float[] values = array.values().clone();
                for (int i = 0; i < values.length; i += 2) {
                    values[i] += .3f;
                }
                reference.put(name, new Array(values, array.shape()));
                assertThat(distance(reference.run(last).part(part), whole))
                        .as(name)
                        .isGreaterThan(1e-3);
                reference.put(name, array);
            }
        }
    }

    @Test
    void spladeTakesTheLargestOfEachWord() throws IOException {
        float[][] logits = {{1, -1, 0}, {(float) Math.E - 1, -2, -3}};
        try (Reference splade = Reference.of("splade", Map.of(), Map.of())) {
            assertThat(splade.run(logits).part("weights")[0]).containsExactly(1, 0, 0);
        }
    }

    @Test
    void aMissingNumberIsNamed() {
        assertThatThrownBy(() -> RandomModel.of("bert", Map.of("hidden_size", 48), 1))
                .hasMessage("bert: the config has no number intermediate_size");
    }

    private static Map<String, Object> changed(Map<String, Object> config, String name, Object value) {
        var changed = new LinkedHashMap<>(config);
        changed.put(name, value);
        return changed;
    }

    static int[] ids(int count) {
        return new Random(count).ints(count, 6, 97).toArray();
    }

    /** A text whose second half has type 1, or a recording. */
    static Result run(Reference reference, String family, int length) {
        if (family.equals("wav2vec2")) {
            return reference.run(samples(length * 40));
        }
        return reference.run(
                ids(length), IntStream.range(0, length).map(i -> i * 2 / length).toArray());
    }

    static float[] samples(int count) {
        var random = new Random(count);
        var samples = new float[count];
        for (int i = 0; i < count; i++) {
            samples[i] = (float) (random.nextGaussian() * Math.abs(Math.sin(i * .01)));
        }
        return samples;
    }

    static double distance(float[][] a, float[][] b) {
        double most = 0;
        for (int i = 0; i < b.length; i++) {
            most = Math.max(most, distance(a[i], b[i]));
        }
        return most;
    }

    /** The largest difference, as a share of the mean size of {@code b}'s values. */
    static double distance(float[] a, float[] b) {
        assertThat(a).hasSameSizeAs(b);
        double squares = 0;
        double most = 0;
        for (int i = 0; i < b.length; i++) {
            squares += (double) b[i] * b[i];
            most = Math.max(most, Math.abs(a[i] - b[i]));
        }
        return most / Math.sqrt(squares / b.length);
    }
}
