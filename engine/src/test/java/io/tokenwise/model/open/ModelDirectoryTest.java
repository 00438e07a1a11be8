package io.tokenwise.model.open;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.SafetensorsWriter;
import io.tokenwise.io.TensorData;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.Pooling;
import io.tokenwise.model.TextDescription;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class ModelDirectoryTest {
    private static final TextDescription TINY = TinyModel.DESCRIPTION;

    @TempDir
    Path temp;

    private Path directory;
    private Map<String, TensorData> tensors;

    @BeforeEach
    void prepare() {
        directory = temp.resolve("tiny");
        tensors = TinyModel.tensors();
    }

    private void write(TextDescription description, ModelWriter.Existing existing) throws IOException {
        TinyModel.write(directory, description, tensors, existing);
    }

    private void rewriteTensors() throws IOException {
        SafetensorsWriter.write(directory.resolve("model.safetensors"), tensors, Map.of());
    }

    @Test
    void descriptionSurvivesTheWay() throws IOException {
        JsonNode acm = JsonMapper.shared().readTree("{\"learners\":4,\"layers\":[0,1]}");
        write(TINY.withAcm(Optional.of(acm)), ModelWriter.Existing.KEEP);
        try (ModelFiles files = Models.open(directory)) {
            assertThat(files.description())
                    .usingRecursiveComparison()
                    .ignoringFields("name", "acm")
                    .isEqualTo(TINY);
            assertThat(files.description().acm()).contains(acm);
            assertThat(files.description().name()).isEqualTo(directory.toString());
        }
    }

    @Test
    void directoryOfThePlainTransformersKindIsReadWithSentenceTransformersDefaults() throws IOException {
        write(TINY, ModelWriter.Existing.KEEP);
        for (String file : new String[] {
            "modules.json", "sentence_bert_config.json", "config_sentence_transformers.json", "1_Pooling/config.json"
        }) {
            Files.delete(directory.resolve(file));
        }
        Path config = directory.resolve("config.json");
        Files.writeString(config, Files.readString(config).replaceFirst("\\{", "{\"acm\" : null,"));
        try (ModelFiles files = Models.open(directory)) {
            assertThat(files.text().pooling()).contains(Pooling.MEAN);
            assertThat(files.text().normalize()).isFalse();
            assertThat(files.description().maxTokens()).isEqualTo(16);
            assertThat(files.text().queryPrefix()).isEmpty();
            assertThat(files.description().acm()).isEmpty();
        }
    }

    /** Of all texts behind it the same would be read. */
    @Test
    void aPromptThatLeavesNoRoomIsRefused() throws IOException {
        write(TINY, ModelWriter.Existing.KEEP);
        Path prompts = directory.resolve("config_sentence_transformers.json");
        Files.writeString(prompts, "{\"prompts\": {\"query\": \"" + "a ".repeat(9) + "\", \"document\": \"\"}}");
        Models.open(directory).close();
        Files.writeString(prompts, "{\"prompts\": {\"query\": \"" + "a ".repeat(10) + "\"}}");
        assertThatThrownBy(() -> Models.open(directory))
                .isInstanceOf(BadFileException.class)
                .hasMessage(
                        directory + ": its prompt \"query\" fills the 12 tokens that the model reads; must leave room"
                                + " for a text");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bert.", "model.", "0.auto_model."})
    void prefixesAndOldNamesOfLayerNormsAreUnderstood(String prefix) throws IOException {
        write(TINY, ModelWriter.Existing.KEEP);
        Map<String, TensorData> renamed = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> renamed.put(
                prefix
                        + name.replace("LayerNorm.weight", "LayerNorm.gamma")
                                .replace("LayerNorm.bias", "LayerNorm.beta"),
                tensor));
        renamed.put("cls.seq_relationship.bias", new TensorData(new long[] {0}, MemorySegment.ofArray(new float[0])));
        SafetensorsWriter.write(directory.resolve("model.safetensors"), renamed, Map.of());
        try (ModelFiles files = Models.open(directory);
                Arena arena = Arena.ofConfined()) {
            assertThat(files.weights().names()).hasSameElementsAs(tensors.keySet());
            ModelFilesTest.readAll(files.weights(), arena)
                    .forEach((name, tensor) -> assertThat(
                                    tensor.floats().mismatch(tensors.get(name).floats()))
                            .isEqualTo(-1));
        }
    }

    @Test
    void tensorsMustFitTheDescription() throws IOException {
        write(TINY, ModelWriter.Existing.KEEP);
        String name = "encoder.layer.1.output.dense.weight";
        tensors.put(name, new TensorData(new long[] {8, 4}, MemorySegment.ofArray(new float[32])));
        rewriteTensors();
        assertThatThrownBy(() -> Models.open(directory))
                .isInstanceOf(BadFileException.class)
                .hasMessageEndingWith("model.safetensors: tensor " + name
                        + " has shape [8, 4], by the model's description it must be [4, 8]");
        tensors.remove(name);
        rewriteTensors();
        assertThatThrownBy(() -> Models.open(directory))
                .isInstanceOf(BadFileException.class)
                .hasMessageEndingWith("model.safetensors: has no tensor " + name);
        tensors.clear();
        rewriteTensors();
        assertThatThrownBy(() -> Models.open(directory))
                .isInstanceOf(BadFileException.class)
                .hasMessageEndingWith("not the weights of a BERT");
    }

    static Stream<Arguments> badConfigs() {
        String config = "config.json";
        String pooling = "1_Pooling/config.json";
        return Stream.of(
                arguments(
                        config,
                        "\"bert\"",
                        "\"gpt2\"",
                        "model_type is \"gpt2\"; supported: bert, camembert, deberta-v2, distilbert, "),
                arguments(
                        config,
                        "\"model_type\" : \"bert\"",
                        "\"architecture\" : \"vit_base_patch16_224\", \"pretrained_cfg\" : {}",
                        "architecture is \"vit_base_patch16_224\"; supported: config.json of transformers, which names a"
                                + " model_type; this one is of timm, whose models are not read"),
                arguments(config, "\"gelu\"", "\"gelu_new\"", "hidden_act is \"gelu_new\"; supported: gelu"),
                arguments(config, "\"gelu\"", "7", "hidden_act is 7; supported: gelu"),
                arguments(
                        config,
                        "\"absolute\"",
                        "\"relative_key\"",
                        "position_embedding_type is \"relative_key\"; supported: absolute"),
                arguments(config, "\"pad_token_id\"", "\"is_decoder\" : true, \"pad_token_id\"", "is_decoder"),
                arguments(
                        config,
                        "\"hidden_size\" : 4",
                        "\"hidden_size\" : 5",
                        "hidden_size 5 is not a multiple of num_attention_heads 2"),
                arguments(
                        config,
                        "\"hidden_size\" : 4",
                        "\"hidden_size\" : 2147483648",
                        "hidden_size is 2147483648; supported: an integer from 1 to 65536"),
                arguments(config, "\"hidden_size\" : 4", "\"hidden_size\" : -4", "hidden_size is -4"),
                arguments(config, "\"hidden_size\" : 4", "\"hidden_size\" : 4.5", "hidden_size is 4.5"),
                arguments(config, "\"hidden_size\" : 4", "\"hidden_size\" : \"4\"", "hidden_size is \"4\""),
                arguments(config, "\"hidden_size\"", "\"size\"", "hidden_size is missing"),
                arguments(config, "\"num_hidden_layers\" : 2", "\"num_hidden_layers\" : 0", "num_hidden_layers is 0"),
                arguments(
                        config,
                        "\"num_attention_heads\" : 2",
                        "\"num_attention_heads\" : 0",
                        "num_attention_heads is 0"),
                arguments(config, "\"vocab_size\" : 9", "\"vocab_size\" : 1000000000", "vocab_size is 1000000000"),
                arguments(
                        config,
                        "\"max_position_embeddings\" : 16",
                        "\"max_position_embeddings\" : 2",
                        "max_position_embeddings is 2"),
                arguments(config, "1.0E-12", "\"NaN\"", "layer_norm_eps is \"NaN\""),
                arguments(config, "1.0E-12", "-1", "layer_norm_eps is -1"),
                arguments(
                        config,
                        "\"vocab_size\" : 9",
                        "\"vocab_size\" : 8",
                        "tensor embeddings.word_embeddings.weight has shape [9, 4]"),
                arguments(config, "{", "[", "config.json: is not valid JSON"),
                arguments("sentence_bert_config.json", "12", "2", "max_seq_length is 2; supported: an integer from 3"),
                arguments(
                        pooling,
                        "\"pooling_mode_cls_token\" : true",
                        "\"pooling_mode_cls_token\" : true, \"pooling_mode_max_tokens\" : true",
                        "pooling modes [cls, max]; supported: exactly one of "),
                arguments(
                        pooling,
                        "\"pooling_mode_cls_token\" : true",
                        "\"pooling_mode_cls_token\" : false",
                        "pooling modes []"),
                arguments(
                        pooling,
                        "{",
                        "{\"pooling_mode\": [\"mean\", \"lasttoken\"], ",
                        "pooling modes [mean, lasttoken]"),
                arguments(pooling, "{", "{\"include_prompt\": false, ", "include_prompt is false; supported: true"),
                arguments(
                        "modules.json",
                        "models.Normalize",
                        "models.WordWeights",
                        "type is \"sentence_transformers.models.WordWeights\""),
                arguments("modules.json", "\"1_Pooling\"", "\"../1_Pooling\"", "path is \"../1_Pooling\""),
                arguments("modules.json", "\"path\" : \"\"", "\"path\" : \"0\"", "0/config.json: no such file"),
                arguments(
                        "modules.json",
                        "[ {",
                        "[ " + "{\"type\": \"models.Normalize\"}, ".repeat(64) + "{",
                        "has 67 steps; supported: up to 64"),
                arguments("modules.json", "[ {", "{\"a\" : [ {", "is not valid JSON"));
    }

    @ParameterizedTest(name = "{2}")
    @MethodSource("badConfigs")
    void unsupportedConfigurationIsOneLine(String file, String good, String bad, String fact) throws IOException {
        write(TINY, ModelWriter.Existing.KEEP);
        Path path = directory.resolve(file);
        String text = Files.readString(path);
        assertThat(text).contains(good);
        Files.writeString(path, text.replace(good, bad));
        assertThatThrownBy(() -> Models.open(directory))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith(directory.toString())
                .hasMessageContaining(fact)
                .message()
                .hasLineCount(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "model.safetensors", "tokenizer.json", "1_Pooling/config.json"})
    void absentFileIsNamed(String file) throws IOException {
        write(TINY, ModelWriter.Existing.KEEP);
        Files.delete(directory.resolve(file));
        assertThatThrownBy(() -> Models.open(directory))
                .isInstanceOf(BadFileException.class)
                .hasMessage(directory.resolve(file) + ": no such file");
    }

    /** Half of a folder: texts would be pooled by the mean, whatever the model was trained for. */
    @Test
    void poolingWithoutModulesIsRefused() throws IOException {
        write(TINY, ModelWriter.Existing.KEEP);
        Files.delete(directory.resolve("modules.json"));
        assertThatThrownBy(() -> Models.open(directory))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith(
                        directory.resolve("modules.json") + ": no such file, though 1_Pooling/config.json is there");
        Files.delete(directory.resolve("1_Pooling/config.json"));
        Models.open(directory).close();
    }

    /** As a checkout has them where Git LFS is not installed. */
    @ParameterizedTest
    @ValueSource(strings = {"config.json", "model.safetensors", "tokenizer.json", "modules.json"})
    void pointersOfGitLfsAreNamed(String file) throws IOException {
        write(TINY, ModelWriter.Existing.KEEP);
        Files.writeString(
                directory.resolve(file), "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
        assertThatThrownBy(() -> Models.open(directory))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith(directory.resolve(file) + ": is a pointer of Git LFS")
                .hasMessageContaining("git lfs pull");
    }

    /** As sentence-transformers writes it of late; a null length says nothing. */
    @Test
    void poolingIsReadByItsNewName() throws IOException {
        write(TINY, ModelWriter.Existing.KEEP);
        Files.writeString(
                directory.resolve("1_Pooling/config.json"), "{\"embedding_dimension\": 4, \"pooling_mode\": \"mean\"}");
        Files.writeString(directory.resolve("sentence_bert_config.json"), "{\"max_seq_length\": null}");
        try (ModelFiles files = Models.open(directory)) {
            assertThat(files.text().pooling()).contains(Pooling.MEAN);
            assertThat(files.description().maxTokens()).isEqualTo(16);
        }
    }

    /** Since 5.4 sentence-transformers leaves the length to the tokenizer's file; before, it saved what no model has positions for too. */
    @Test
    void theLongestTextIsWhatTheFilesSayAndTheModelCan() throws IOException {
        write(TINY, ModelWriter.Existing.KEEP);
        Path length = directory.resolve("sentence_bert_config.json");
        Path tokenizer = directory.resolve("tokenizer_config.json");
        Files.writeString(length, "{\"max_seq_length\": 514}");
        Files.writeString(tokenizer, "{\"model_max_length\": 7}");
        assertThat(maxTokens()).isEqualTo(16);
        Files.writeString(length, "{\"transformer_task\": \"feature-extraction\"}");
        assertThat(maxTokens()).isEqualTo(7);
        Files.delete(length);
        assertThat(maxTokens()).isEqualTo(7);
        Files.writeString(tokenizer, "{\"model_max_length\": 1000000000000000019884624838656}");
        assertThat(maxTokens()).isEqualTo(16);
    }

    @Test
    void theLengthHasOlderNamesToo() throws IOException {
        write(TINY, ModelWriter.Existing.KEEP);
        Files.delete(directory.resolve("sentence_bert_config.json"));
        Path length = directory.resolve("sentence_roberta_config.json");
        Files.writeString(length, "{\"max_seq_length\": 9}");
        assertThat(maxTokens()).isEqualTo(9);
    }

    private int maxTokens() throws IOException {
        try (ModelFiles files = Models.open(directory)) {
            return files.description().maxTokens();
        }
    }

    @Test
    void weightsInTwoFilesAreThoseOfOne() throws IOException {
        write(TINY, ModelWriter.Existing.KEEP);
        Files.delete(directory.resolve("model.safetensors"));
        // What is read, if both are there.
        Files.createFile(directory.resolve("pytorch_model.bin"));
        ObjectNode index = JsonMapper.shared().createObjectNode();
        ObjectNode map = index.putObject("weight_map");
        for (int shard = 0; shard < 2; shard++) {
            Map<String, TensorData> some = new LinkedHashMap<>();
            String file = "model-0000" + (shard + 1) + "-of-00002.safetensors";
            for (String name : tensors.keySet()) {
                if ((name.hashCode() & 1) == shard) {
                    some.put(name, tensors.get(name));
                    map.put(name, file);
                }
            }
            assertThat(some).isNotEmpty();
            SafetensorsWriter.write(directory.resolve(file), some, Map.of());
        }
        Files.writeString(directory.resolve("model.safetensors.index.json"), index.toString());
        try (ModelFiles files = Models.open(directory);
                Arena arena = Arena.ofConfined()) {
            ModelFilesTest.readAll(files.weights(), arena)
                    .forEach((name, tensor) -> assertThat(
                                    tensor.floats().mismatch(tensors.get(name).floats()))
                            .isEqualTo(-1));
        }
    }

    @Test
    void whatIsNoDirectoryIsNoModel() throws IOException {
        assertThatThrownBy(() -> Models.open(directory))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("tiny: no such directory; a model is a directory with");
        Files.createFile(directory);
        assertThatThrownBy(() -> Models.open(directory))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("is not a directory");
        // The directory in which the program happens to run is nobody's model.
        assertThatThrownBy(() -> Models.open(" "))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith("the model's name: is blank; give a directory, or one of the names ");
    }
}
