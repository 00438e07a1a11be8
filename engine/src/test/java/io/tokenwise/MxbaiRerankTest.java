package io.tokenwise;

import static io.tokenwise.RerankerTest.OPTIONS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.tokenwise.api.BadFileException;
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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Qwen2's causal models that are asked whether a text answers a query, as mxbai-rerank-v2 is. */
public class MxbaiRerankTest {
    /** Of the makers' package, mxbai_rerank/mxbai_rerank_v2.py at 8e709dca: its chat_template and task_prompt. */
    private static final String PREFIX =
            "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n<|im_start|>user\n";

    public static final String TASK =
            "You are a search relevance expert who evaluates how well documents match search queries. For each query-document pair, carefully analyze the semantic relationship between them, then provide your binary relevance judgment (0 for not relevant, 1 for relevant).";

    private static final String SUFFIX = "<|im_end|>\n<|im_start|>assistant\n";

    /** As vLLM has one (examples/pooling/score/template/mxbai_rerank_v2.jinja). */
    private static final String TEMPLATE = PREFIX
            + "query: {{ (messages | selectattr(\"role\", \"eq\", \"query\") | first).content }}\n"
            + "document: {{ (messages | selectattr(\"role\", \"eq\", \"document\") | first).content }}\n"
            + TASK + "\nRelevance:" + SUFFIX;

    private static final String QUERY = "who wrote a letter?";
    private static final List<String> TEXTS = List.of("a man wrote a letter.", "", "the sea.\n");

    @TempDir
    private Path model;

    private RandomModel random;

    @BeforeEach
    void write() throws IOException {
        var vocabulary = ByteVocabulary.bytes();
        // What the end of a line would make of the marks before it.
        vocabulary.merge("?", "\u010A");
        vocabulary.merge(".", "\u010A");
        vocabulary.add("<|im_start|>");
        vocabulary.add("<|im_end|>");
        Map<String, Object> config = new HashMap<>(Map.of(
                "architectures", List.of("Qwen2ForCausalLM"), "vocab_size", 300, "max_position_embeddings", 600));
        config.put("tie_word_embeddings", true);
        random = RandomModel.small("qwen2", config, 3).with("answer", Map.of("yes", (int) '1', "no", (int) '0'), 4);
        random.write(model, "model.");
        String added = "{\"id\":%d,\"content\":\"%s\",\"special\":true}";
        Files.writeString(
                model.resolve("tokenizer.json"),
                new String(vocabulary.qwen2Json())
                        .replace(
                                "\"added_tokens\":[]",
                                "\"added_tokens\":[" + added.formatted(258, "<|im_start|>") + ","
                                        + added.formatted(259, "<|im_end|>") + "]"));
        Files.writeString(model.resolve("chat_template.jinja"), TEMPLATE);
    }

    /** Each part by itself, as prepare_inputs and concat_input_ids have it. */
    private static int[] asked(Tokenizer tokenizer, String query, String document) {
        return Stream.of(PREFIX, query, "\n", document, "\n", TASK + "\nRelevance:", SUFFIX)
                .map(tokenizer::encodeAll)
                .flatMapToInt(IntStream::of)
                .toArray();
    }

    @Test
    void scoresAreThoseOfTheMakersQuestion() throws IOException {
        assumeThat(TorchScript.isAvailable()).as("libtorch").isTrue();
        Path saved = model.resolve("saved");
        float[] scores;
        try (Reranker reranker = Reranker.open(model.toString(), OPTIONS);
                Reference torch = random.reference();
                Reference head = random.reference("answer")) {
            Tokenizer tokenizer = reranker.model().files().tokenizer();
            scores = reranker.scores(QUERY, TEXTS);
            for (int i = 0; i < scores.length; i++) {
                int[] ids = asked(tokenizer, "query: " + QUERY, "document: " + TEXTS.get(i));
                assertThat(reranker.encode(QUERY, TEXTS.get(i)).ids()).containsExactly(ids);
                float wanted = head.run(torch.run(ids).last()).part("score")[0][0];
                assertThat(scores[i]).as(TEXTS.get(i)).isCloseTo(wanted, within(1e-4f * Math.max(1, Math.abs(wanted))));
            }
            reranker.model().encoder().save(saved, tokenizer, ModelWriter.Existing.KEEP);
            reranker.model().encoder().save(saved, tokenizer, ModelWriter.Existing.REPLACE);
        }
        assertThat(saved.resolve("chat_template.jinja")).hasContent(TEMPLATE);
        try (Reranker again = Reranker.open(saved.toString(), OPTIONS)) {
            assertThat(again.scores(QUERY, TEXTS.subList(0, 1))).containsExactly(scores[0]);
        }
    }

    /** Of a query three quarters of the room are read at most, of the document what is left. */
    @Test
    void whatIsTooLongIsCut() throws IOException {
        try (Reranker reranker = Reranker.open(model.toString(), OPTIONS)) {
            Tokenizer tokenizer = reranker.model().files().tokenizer();
            int around = asked(tokenizer, "", "").length - 1;
            int room = reranker.maxTokens() - around;
            String sea = "the sea ".repeat(200);
            Tokenizer.Encoded document = reranker.encode(QUERY, sea);
            assertThat(document.truncated()).isTrue();
            String readOfIt = ("document: " + sea).substring(0, room - ("query: " + QUERY).length() - 1);
            assertThat(document.ids()).containsExactly(asked(tokenizer, "query: " + QUERY, readOfIt));
            Tokenizer.Encoded query = reranker.encode(sea, "x");
            assertThat(query.truncated()).isTrue();
            assertThat(query.ids())
                    .containsExactly(asked(tokenizer, ("query: " + sea).substring(0, room * 3 / 4), "document: x"));
            assertThat(reranker.encode(sea, sea).ids()).hasSize(reranker.maxTokens());
        }
    }

    /** As sentence-transformers' files say it since version 5.4: the words and what is asked for besides. */
    @Test
    void itsWordsMayBeNamedByAModuleAndAnInstructionByAPrompt() throws IOException {
        Files.writeString(model.resolve("modules.json"), """
                [{"idx":0,"name":"0","path":"","type":"sentence_transformers.base.modules.transformer.Transformer"},
                 {"idx":1,"name":"1","path":"1_LogitScore","type":"sentence_transformers.cross_encoder.modules.logit_score.LogitScore"}]
                """);
        Files.createDirectory(model.resolve("1_LogitScore"));
        Files.writeString(model.resolve("1_LogitScore/config.json"), "{\"true_token_id\":49,\"false_token_id\":48}");
        Files.writeString(
                model.resolve("sentence_bert_config.json"),
                "{\"modality_config\":{\"text\":{\"method_output_name\":\"logits\"},\"message\":{\"method_output_name\":\"logits\",\"format\":\"flat\"}},"
                        + "\"processing_kwargs\":{\"chat_template\":{\"add_generation_prompt\":true}}}");
        Files.writeString(
                model.resolve("config_sentence_transformers.json"),
                "{\"model_type\":\"CrossEncoder\",\"activation_fn\":\"torch.nn.modules.activation.Sigmoid\","
                        + "\"prompts\":{\"letters\":\"Find letters\"},\"default_prompt_name\":\"letters\"}");
        Path saved = model.resolve("saved");
        try (Reranker reranker = Reranker.open(model.toString(), OPTIONS)) {
            Tokenizer tokenizer = reranker.model().files().tokenizer();
            int[] ids = asked(tokenizer, "instruction: Find letters\nquery: " + QUERY, "document: x");
            assertThat(reranker.encode(QUERY, "x").ids()).containsExactly(ids);
            reranker.model().encoder().save(saved, tokenizer, ModelWriter.Existing.KEEP);
            try (Reranker again = Reranker.open(saved.toString(), OPTIONS)) {
                assertThat(again.encode(QUERY, "x").ids()).containsExactly(ids);
            }
        }
        Files.writeString(model.resolve("1_LogitScore/config.json"), "{\"true_token_id\":48,\"false_token_id\":49}");
        assertThatThrownBy(() -> Models.open(model))
                .isInstanceOf(BadFileException.class)
                .hasMessage(model + ": its score is of the tokens 48 and 49; supported: those of 1 and 0, 49 and 48");
    }

    /** Such as Qwen2.5, which writes texts: what it would be asked stands nowhere. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[\"Qwen2ForCausalLM\"] | [\"Qwen2ForCausalLM\"] | search relevance | relevance | [\"Qwen2ForCausalLM\"]",
                "[\"Qwen2ForCausalLM\"] | [\"OtherForCausalLM\"] | search relevance | search relevance | [\"OtherForCausalLM\"]",
            })
    void othersAreRefused(String good, String bad, String words, String otherWords, String shown) throws IOException {
        Path config = model.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace(good, bad));
        Files.writeString(model.resolve("chat_template.jinja"), TEMPLATE.replace(words, otherWords));
        assertThatThrownBy(() -> Models.open(model))
                .isInstanceOf(BadFileException.class)
                .hasMessage(config + ": architectures is " + shown + "; supported: Qwen2ForCausalLM beside the"
                        + " chat_template.jinja of mxbai-rerank-v2, or beside a modules.json that says what becomes of"
                        + " token vectors");
    }

    @Test
    void withoutATemplateOrWithCodeOfItsOwnItIsRefused() throws IOException {
        Files.delete(model.resolve("chat_template.jinja"));
        assertThatThrownBy(() -> Models.open(model)).hasMessageContaining("beside the chat_template.jinja of mxbai");
        // Where older versions of transformers have it.
        Files.writeString(model.resolve("tokenizer_config.json"), "{\"chat_template\":\"" + TASK + "\"}");
        try (Reranker reranker = Reranker.open(model.toString(), OPTIONS)) {
            TextDescription description = reranker.model().files().scores();
            assertThat(description.kind()).isEqualTo("a cross-encoder");
        }
        Path config = model.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replaceFirst(
                                "\\{",
                                "{\"is_causal\":false,\"auto_map\":{\"AutoModel\":\"modeling_qwen.Qwen2Model\"},"));
        assertThatThrownBy(() -> Models.open(model))
                .isInstanceOf(BadFileException.class)
                .hasMessage(config + ": auto_map is {\"AutoModel\":\"modeling_qwen.Qwen2Model\"}; supported: nothing,"
                        + " but beside a modules.json that says what becomes of token vectors");
    }
}
