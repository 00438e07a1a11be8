package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BadFileException;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.Array;
import io.tokenwise.references.RandomModel;
import io.tokenwise.tokenizer.TokenizerTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Published folders that Python reads with more than is read here: each is refused by what it has, never taken for a plain model. */
class UnreadFoldersTest {
    private static final String MODULES = """
            [{"path": "", "type": "sentence_transformers.models.Transformer"},
             {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]
            """;

    private static final String SETTINGS = "sentence_bert_config.json";

    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        RandomModel.small("bert", Map.of("model_type", "xlm-roberta", "pad_token_id", 1, "type_vocab_size", 1), 5)
                .write(folder, "roberta.");
        Files.writeString(folder.resolve("tokenizer.json"), TokenizerTest.SMALL);
        Files.writeString(folder.resolve("modules.json"), MODULES);
        Files.createDirectory(folder.resolve("1_Pooling"));
        Files.writeString(folder.resolve("1_Pooling/config.json"), "{\"pooling_mode\": \"mean\"}");
    }

    private void assertRefused(String file, String fact) {
        assertThatThrownBy(() -> Models.open(folder))
                .isInstanceOf(BadFileException.class)
                .hasMessage(folder.resolve(file) + ": " + fact);
    }

    /** jina-embeddings-v3's and -v5's, those of bags of words and of images, which have no config.json, and pylate's table of a vector for each token, of which no mean is wanted. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"\" | custom_st.Transformer | modules of sentence_transformers and pylate; this is code of the model's"
                        + " own, so take a folder that does without",
                ". | sentence_transformers.models.BoW | Transformer, MLMTransformer, sentence_transformers'"
                        + " StaticEmbedding or Router as the first",
                "0_CLIPModel | sentence_transformers.models.CLIPModel | Transformer, MLMTransformer,"
                        + " sentence_transformers' StaticEmbedding or Router as the first",
                "\"\" | pylate.models.StaticEmbedding | Transformer, MLMTransformer, sentence_transformers'"
                        + " StaticEmbedding or Router as the first",
            })
    void modulesThatAreNotReadAreNamed(String path, String type, String supported) throws IOException {
        Files.writeString(
                folder.resolve("modules.json"),
                MODULES.replace("\"path\": \"\"", "\"path\": \"" + path.replace("\"", "") + "\"")
                        .replace("sentence_transformers.models.Transformer", type));
        String value = "\"" + type + "\"";
        String shown = value.length() > 60 ? value.substring(0, 60) + "..." : value;
        assertRefused("modules.json", "type is " + shown + "; supported: " + supported);
        Files.delete(folder.resolve("config.json"));
        assertRefused("modules.json", "type is " + shown + "; supported: " + supported);
    }

    @ParameterizedTest
    @ValueSource(strings = {"adapter_config.json", "adapters"})
    void adaptersAreNotLeftAside(String name) throws IOException {
        if (name.endsWith(".json")) {
            Files.writeString(folder.resolve(name), "{\"peft_type\": \"LORA\"}");
        } else {
            Files.createDirectory(folder.resolve(name));
        }
        String fact = "adapters (LoRA) of a model are not read; supported: a folder whose weights have them in already,"
                + " as some are published, or as model.transformers_model.merge_and_unload() makes them in Python before"
                + " it is saved";
        assertRefused(name, fact);
        Files.delete(folder.resolve("config.json"));
        assertRefused(name, fact);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"modality_config\":{\"text\":{\"method_output_name\":\"pooler_output\"}} | method_output_name is"
                        + " \"pooler_output\"; supported: last_hidden_state",
                "\"modality_config\":{\"text\":{\"method_output_name\":[\"hidden_states\",-2]}} | method_output_name is"
                        + " [\"hidden_states\",-2]; supported: last_hidden_state",
                "\"modality_config\":{\"text\":{\"method_output_name\":\"logits\"}} | method_output_name is \"logits\";"
                        + " supported: last_hidden_state",
                "\"processing_kwargs\":{\"text\":{\"max_length\":64}} | processing_kwargs is"
                        + " {\"text\":{\"max_length\":64}}; supported: nothing of text; the longest text as max_seq_length",
                "\"processing_kwargs\":{\"common\":{\"truncation\":false}} | processing_kwargs is"
                        + " {\"common\":{\"truncation\":false}}; supported: nothing of common; the longest text as"
                        + " max_seq_length",
                "\"query_length\":32 | query_length is 32; supported: nothing; the longest text as max_seq_length",
            })
    void whatNewerSettingsSayIsNotLeftAside(String setting, String fact) throws IOException {
        Files.writeString(folder.resolve(SETTINGS), "{" + setting + "}");
        assertRefused(SETTINGS, fact);
    }

    /** As sentence-transformers writes it since 5.4. */
    @Test
    void theUsualSettingsAreRead() throws IOException {
        Files.writeString(folder.resolve(SETTINGS), """
                {"transformer_task": "feature-extraction", "module_output_name": "token_embeddings", "query_length": null,
                 "modality_config": {"text": {"method": "forward", "method_output_name": "last_hidden_state"}},
                 "processing_kwargs": {"image": {"size": 8}, "text": {}}}
                """);
        Models.open(folder).close();
    }

    /** jina-reranker-v2-base-multilingual's names in a folder that does not say that it is XLM-R, whose positions are others than BERT's. */
    @Test
    void aLayoutOfFlashAttentionIsNamed() throws IOException {
        RandomModel plain = RandomModel.small("bert", Map.of("type_vocab_size", 1), 5);
        Map<String, Array> weights = new LinkedHashMap<>();
        plain.weights()
                .forEach((name, array) -> weights.put(
                        name.replace("encoder.layer.", "encoder.layers.").replace("attention.self.query", "mixer.Wqkv"),
                        array));
        assertThat(weights).containsKey("encoder.layers.0.mixer.Wqkv.weight");
        new RandomModel(plain.family(), plain.config(), weights).write(folder, "roberta.");
        assertRefused(
                "model.safetensors",
                "has tensors called .mixer.Wqkv., the layout of jinaai/xlm-roberta-flash-implementation, which is read"
                        + " where auto_map in config.json names XLMRobertaFlashConfig, or model_type is xlm-roberta");
    }
}
