package io.tokenwise;

import static io.tokenwise.RerankerTest.OPTIONS;
import static io.tokenwise.RerankerTest.PROMPTS;
import static io.tokenwise.RerankerTest.QUERY;
import static io.tokenwise.RerankerTest.TEXTS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.Safetensors;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.RandomModel;
import io.tokenwise.references.Reference;
import io.tokenwise.references.TorchScript;
import io.tokenwise.tokenizer.ByteVocabulary;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Causal models that are asked whether a text answers a query, as Qwen3-Reranker is. */
class Qwen3RerankerTest {
    /** As vLLM's example has it, examples/offline_inference/qwen3_reranker.py. */
    private static final String ASKED = """
        <|im_start|>system
        Judge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the answer can only be "yes" or "no".<|im_end|>
        <|im_start|>user
        <Instruct>: Given a web search query, retrieve relevant passages that answer the query
        <Query>: %s
        <Document>: %s<|im_end|>
        <|im_start|>assistant
        <think>

        </think>

        """;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aCausalModelIsAskedForYesOrNo(boolean tied, @TempDir Path model) throws IOException {
        assumeThat(TorchScript.isAvailable()).as("libtorch").isTrue();
        RandomModel random = writeCausal(model, tied);
        try (Reranker reranker = Reranker.open(model.toString(), OPTIONS);
                Reference torch = random.reference();
                Reference head = random.reference("answer")) {
            Tokenizer tokenizer = reranker.model().files().tokenizer();
            float[] scores = reranker.scores(QUERY, TEXTS);
            for (int i = 0; i < scores.length - 2; i++) {
                int[] ids = tokenizer.encodeAll(ASKED.formatted(QUERY, TEXTS.get(i)));
                float wanted = head.run(torch.run(ids).last()).part("score")[0][0];
                assertThat(scores[i]).as(TEXTS.get(i)).isCloseTo(wanted, within(1e-4f * Math.max(1, Math.abs(wanted))));
            }
            // Of what is too long the end is cut, before the words behind it.
            TextDescription description = reranker.model().files().scores();
            Tokenizer.Encoded cut = description.encodePair(tokenizer, QUERY, "the sea ".repeat(200));
            assertThat(cut.truncated()).isTrue();
            assertThat(cut.ids()).hasSize(reranker.maxTokens());
            int[] whole = tokenizer.encodeAll(ASKED.formatted(QUERY, "the sea ".repeat(200)));
            int around = tokenizer.encodeAll(ASKED.substring(ASKED.lastIndexOf("%s") + 2)).length;
            assertThat(Arrays.copyOf(cut.ids(), cut.ids().length - around))
                    .isEqualTo(Arrays.copyOf(whole, cut.ids().length - around));
            assertThat(cut.ids()).endsWith(Arrays.copyOfRange(whole, whole.length - around, whole.length));
            Path saved = model.resolve("saved");
            reranker.model().encoder().save(saved, tokenizer, ModelWriter.Existing.KEEP);
            try (Reranker again = Reranker.open(saved.toString(), OPTIONS);
                    Safetensors before = Safetensors.open(model.resolve("model.safetensors"));
                    Safetensors after = Safetensors.open(saved.resolve("model.safetensors"))) {
                assertThat(again.scores(QUERY, TEXTS)).containsExactly(scores);
                assertThat(after.names()).hasSameElementsAs(before.names());
            }
        }
        assertThatThrownBy(() -> TextEncoder.open(model.toString(), OPTIONS))
                .hasMessage(model + ": is a cross-encoder; a text encoder is wanted here");
    }

    private static RandomModel writeCausal(Path model, boolean tied) throws IOException {
        var vocabulary = ByteVocabulary.bytes();
        vocabulary.merge("y", "e");
        vocabulary.merge("ye", "s");
        vocabulary.merge("n", "o");
        Map<String, Object> config = new HashMap<>(Map.of(
                "architectures", List.of("Qwen3ForCausalLM"), "vocab_size", 300, "max_position_embeddings", 700));
        config.put("tie_word_embeddings", tied);
        RandomModel random = RandomModel.small("qwen3", config, 3).with("answer", Map.of("yes", 257, "no", 258), 4);
        random.write(model, "model.");
        String cutting =
                "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":false,\"use_regex\":true}";
        Files.write(model.resolve("tokenizer.json"), vocabulary.json(cutting, ""));
        return random;
    }

    @Test
    void theWordsOfACausalModelMayBeNamedByAModule(@TempDir Path model) throws IOException {
        writeCausal(model, true);
        float[] scores;
        try (Reranker reranker = Reranker.open(model.toString(), OPTIONS)) {
            scores = reranker.scores(QUERY, TEXTS);
        }
        Files.writeString(model.resolve("modules.json"), """
                [{"idx":0,"name":"0","path":"","type":"sentence_transformers.base.modules.transformer.Transformer"},
                 {"idx":1,"name":"1","path":"1_LogitScore","type":"sentence_transformers.cross_encoder.modules.logit_score.LogitScore"}]
                """);
        Path words = Files.createDirectory(model.resolve("1_LogitScore")).resolve("config.json");
        Files.writeString(words, "{\"true_token_id\":257,\"false_token_id\":258}");
        try (Reranker reranker = Reranker.open(model.toString(), OPTIONS)) {
            assertThat(reranker.scores(QUERY, TEXTS)).containsExactly(scores);
        }
        Path settings = model.resolve("config_sentence_transformers.json");
        Files.writeString(settings, PROMPTS.formatted("CrossEncoder").replace("Find: ", "Find the letter"));
        Files.writeString(
                model.resolve("sentence_bert_config.json"), "{\"modality_config\":{\"text\":{},\"message\":{}}}");
        Path saved = model.resolve("saved");
        try (Reranker reranker = Reranker.open(model.toString(), OPTIONS)) {
            Tokenizer tokenizer = reranker.model().files().tokenizer();
            String asked = ASKED.replace(
                            "Given a web search query, retrieve relevant passages that answer the query",
                            "Find the letter")
                    .formatted(QUERY, TEXTS.get(0));
            TextDescription description = reranker.model().files().scores();
            assertThat(description.encodePair(tokenizer, QUERY, TEXTS.get(0)).ids())
                    .containsExactly(tokenizer.encodeAll(asked));
            scores = reranker.scores(QUERY, TEXTS);
            reranker.model().encoder().save(saved, tokenizer, ModelWriter.Existing.KEEP);
            reranker.model().encoder().save(saved, tokenizer, ModelWriter.Existing.REPLACE);
        }
        assertThat(RerankerTest.scores(saved, QUERY)).containsExactly(scores);
        Files.writeString(words, "{\"true_token_id\":258,\"false_token_id\":257}");
        assertThatThrownBy(() -> Reranker.open(model.toString(), OPTIONS))
                .isInstanceOf(BadFileException.class)
                .hasMessage(model
                        + ": its score is of the tokens 258 and 257; supported: those of yes and no, 257 and 258");
    }

    @Test
    void aCausalModelWithoutTheWordsIsRefused(@TempDir Path model) throws IOException {
        writeCausal(model, true);
        Path tokenizer = model.resolve("tokenizer.json");
        Files.writeString(
                tokenizer,
                Files.readString(tokenizer).replace("\"yes\"", "\"yet\"").replace("ye s", "ye t"));
        assertThatThrownBy(() -> Reranker.open(model.toString(), OPTIONS))
                .isInstanceOf(BadFileException.class)
                .hasMessage(model + ": is a causal model whose tokenizer has no token yes; Qwen3-Reranker's has");
    }

    /** zerank's code asks otherwise of such tensors, jina-reranker-v3's compares vectors; of other classes nobody knows what they are for. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"architectures\" | \"auto_map\":{\"AutoConfig\":\"modeling_zeranker.ZEConfig\"},\"architectures\" | auto_map"
                        + " is {\"AutoConfig\":\"modeling_zeranker.ZEConfig\"}; supported: nothing, but beside a"
                        + " modules.json that says what becomes of token vectors",
                "[\"Qwen3ForCausalLM\"] | [\"JinaForRanking\"],\"auto_map\":{\"AutoModel\":\"modeling.JinaForRanking\"} |"
                        + " auto_map is {\"AutoModel\":\"modeling.JinaForRanking\"}; supported: nothing, but beside a"
                        + " modules.json that says what becomes of token vectors",
                "[\"Qwen3ForCausalLM\"] | [\"Qwen3RerankForCausalLM\"] | architectures is [\"Qwen3RerankForCausalLM\"];"
                        + " supported: Qwen3ForCausalLM alone, as of Qwen3-Reranker, which other causal models are asked as",
            })
    void modelsThatAskOtherwiseAreRefused(String good, String bad, String fact, @TempDir Path model)
            throws IOException {
        writeCausal(model, true);
        Path config = model.resolve("config.json");
        String text = Files.readString(config);
        assertThat(text).contains(good);
        Files.writeString(config, text.replace(good, bad));
        assertThatThrownBy(() -> Models.open(model))
                .isInstanceOf(BadFileException.class)
                .hasMessage(config + ": " + fact);
    }
}
