package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.io.Safetensors;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.ConfigFields;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.Array;
import io.tokenwise.references.RandomModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * jina-reranker-v2-base-multilingual's layout of XLM-R against transformers' one, which {@link TextClassifierTest} compares with libtorch: the first is made of the second as the makers' own
 * convert_roberta_weights_to_flash.py does it.
 */
class FlashLayoutTest {
    private static final EngineOptions OPTIONS = EngineOptions.defaults()
            .withThreads(2)
            .withBackend(new BackendChoice(BackendChoice.Kind.VECTOR, Precision.F32));

    private static final List<String> TEXTS = List.of("a river and the sea", "the sea ".repeat(100), "");

    /** What its config.json has and transformers' has not. */
    private static final String OWN = """
            {"auto_map": {"AutoConfig": "configuration_xlm_roberta.XLMRobertaFlashConfig",
              "AutoModel": "modeling_xlm_roberta.XLMRobertaModel",
              "AutoModelForSequenceClassification": "modeling_xlm_roberta.XLMRobertaForSequenceClassification"},
             "classifier_dropout": null, "emb_pooler": null, "load_trained_adapters": false, "lora_adaptations": null,
             "lora_alpha": 1, "lora_dropout_p": 0.0, "lora_main_params_trainable": false, "lora_rank": 4,
             "matryoshka_dimensions": null, "truncate_dim": null, "use_flash_attn": true}
            """;

    private static final JsonMapper JSON = JsonMapper.shared();

    @TempDir
    private Path folder;

    private RandomModel random;
    private Path transformers;
    private Path flash;

    @BeforeEach
    void write() throws IOException {
        Map<String, Object> config = Map.of(
                "architectures", List.of("XLMRobertaForSequenceClassification"),
                "model_type", "xlm-roberta",
                "pad_token_id", 1,
                "type_vocab_size", 1,
                "vocab_size", 10);
        random = RandomModel.small("bert", config, 5).with("classifiers", Map.of("num_labels", 1), 6);
        transformers = folder.resolve("transformers");
        flash = folder.resolve("flash");
        random.write(transformers, "roberta.");
        Files.writeString(transformers.resolve("tokenizer.json"), SmallXlmR.TOKENIZER);
        write(remapped(random.weights()));
    }

    private void write(Map<String, Array> weights) throws IOException {
        new RandomModel(random.family(), random.config(), weights).write(flash, "roberta.");
        Files.writeString(flash.resolve("tokenizer.json"), SmallXlmR.TOKENIZER);
        set((ObjectNode) JSON.readTree(OWN));
        var config = (ObjectNode) JSON.readTree(flash.resolve("config.json"));
        config.remove("model_type");
        Files.writeString(flash.resolve("config.json"), config.toString());
    }

    private void set(ObjectNode fields) throws IOException {
        var config = (ObjectNode) JSON.readTree(flash.resolve("config.json"));
        config.setAll(fields);
        Files.writeString(flash.resolve("config.json"), config.toString());
    }

    /** As {@code remap_state_dict}. */
    private static Map<String, Array> remapped(Map<String, Array> weights) {
        Map<String, Array> remapped = new LinkedHashMap<>();
        weights.forEach((name, array) -> {
            if (name.contains("attention.self.query")) {
                String layer = name.replace("encoder.layer.", "encoder.layers.");
                remapped.put(
                        layer.replace("attention.self.query", "mixer.Wqkv"),
                        joined(
                                array,
                                weights.get(name.replace("query", "key")),
                                weights.get(name.replace("query", "value"))));
            } else if (!name.contains("attention.self.")) {
                remapped.put(
                        name.replace("encoder.layer.", "encoder.layers.")
                                .replace("embeddings.LayerNorm", "emb_ln")
                                .replace("attention.output.LayerNorm", "norm1")
                                .replace("attention.output.dense", "mixer.out_proj")
                                .replace("output.LayerNorm", "norm2")
                                .replace("intermediate.dense", "mlp.fc1")
                                .replace("output.dense", "mlp.fc2"),
                        array);
            }
        });
        return remapped;
    }

    /** Rows below each other. */
    private static Array joined(Array... parts) {
        int size = parts[0].values().length;
        var values = new float[parts.length * size];
        for (int i = 0; i < parts.length; i++) {
            System.arraycopy(parts[i].values(), 0, values, i * size, size);
        }
        long[] shape = parts[0].shape().clone();
        shape[0] *= parts.length;
        return new Array(values, shape);
    }

    private static float[] scores(Path model) throws IOException {
        try (Reranker reranker = Reranker.open(model.toString(), OPTIONS)) {
            return reranker.scores("the sea", TEXTS);
        }
    }

    @Test
    void scoresAreThoseOfTransformersLayout() throws IOException {
        float[] wanted = scores(transformers);
        assertThat(wanted[0]).isNotEqualTo(wanted[1]);
        assertThat(scores(flash)).isEqualTo(wanted);
        // As newer configs of the same code say.
        set(JSON.createObjectNode().put("model_type", "xlm-roberta"));
        assertThat(scores(flash)).isEqualTo(wanted);
    }

    @Test
    void allFieldsOfItsConfigAreUnderstood() throws IOException {
        ConfigFields fields = ConfigFields.of(flash).orElseThrow();
        assertThat(fields.unknown()).isEmpty();
        assertThat(fields.used()).contains("lora_adaptations", "max_position_embeddings");
    }

    @Test
    void whatIsSavedIsInTransformersLayout() throws IOException {
        Path saved = folder.resolve("saved");
        try (Reranker reranker = Reranker.open(flash.toString(), OPTIONS)) {
            reranker.model().encoder().save(saved, reranker.model().files().tokenizer(), ModelWriter.Existing.KEEP);
        }
        try (Safetensors before = Safetensors.open(transformers.resolve("model.safetensors"));
                Safetensors after = Safetensors.open(saved.resolve("model.safetensors"))) {
            assertThat(after.names()).hasSameElementsAs(before.names());
        }
        assertThat(scores(saved)).isEqualTo(scores(transformers));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "position_embedding_type | \"rotary\"          | position_embedding_type is \"rotary\"; supported: absolute",
                "lora_adaptations        | [\"text-matching\"] | lora_adaptations is [\"text-matching\"]; supported: null:"
                        + " adapters (LoRA) in a model's weights are not read",
                "hidden_act              | \"gelu_new\"        | hidden_act is \"gelu_new\"; supported: gelu",
            })
    void whatIsAnotherModelIsRefused(String field, String value, String fact) throws IOException {
        ObjectNode fields = JSON.createObjectNode();
        fields.set(field, JSON.readTree(value));
        set(fields);
        assertRefused("config.json: " + fact);
    }

    /** jina-embeddings-v3's weights. */
    @Test
    void weightsWithAdaptersAreRefused() throws IOException {
        Map<String, Array> weights = new LinkedHashMap<>(remapped(random.weights()));
        String matrix = "encoder.layers.0.mixer.out_proj.";
        weights.put(matrix + "parametrizations.weight.original", weights.remove(matrix + "weight"));
        write(weights);
        assertRefused("model.safetensors: has a tensor roberta." + matrix
                + "parametrizations.weight.original: adapters (LoRA) of jina-embeddings-v3 are not read; supported: weights"
                + " without");
    }

    @Test
    void aMatrixOfAnotherShapeIsNamed() throws IOException {
        Map<String, Array> weights = new LinkedHashMap<>(remapped(random.weights()));
        weights.put("encoder.layers.1.mixer.Wqkv.weight", new Array(new float[100 * 48], new long[] {100, 48}));
        write(weights);
        assertRefused(
                "model.safetensors: tensor roberta.encoder.layers.1.mixer.Wqkv.weight has shape [100, 48], it must"
                        + " hold 3 parts of equal size");
    }

    @Test
    void twoNamesOfOneTensorAreNamed() throws IOException {
        Map<String, Array> weights = new LinkedHashMap<>(remapped(random.weights()));
        String matrix = "encoder.layers.0.norm1.weight";
        String other = "encoder.layer.0.attention.output.LayerNorm.weight";
        weights.put(other, weights.get(matrix));
        write(weights);
        assertRefused("model.safetensors: tensors roberta." + matrix + " and roberta." + other
                + " are one: leave one of them out");
    }

    private void assertRefused(String message) {
        assertThatThrownBy(() -> {
                    try (ModelFiles files = Models.open(flash)) {
                        files.scores();
                    }
                })
                .isInstanceOf(BadFileException.class)
                .hasMessage(flash + "/" + message);
    }
}
