package io.tokenwise;

import static io.tokenwise.TestColberts.DOCUMENTS;
import static io.tokenwise.TestColberts.QUERIES;
import static io.tokenwise.TestColberts.assertNear;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

/** What sentence-transformers 6 saves of a ColBERT: prompts that are text, lengths and masks in the Transformer's file, what is skipped in a module's. */
class MultiVectorFolderTest {
    private static final EngineOptions OPTIONS = EngineOptions.defaults()
            .withThreads(2)
            .withBackend(new BackendChoice(BackendChoice.Kind.VECTOR, Precision.F32));

    /** As it writes those of a checkpoint of ColBERT's makers. */
    private static final String MARKS =
            "\"prompts\": {\"query\": \"[unused0] \", \"document\": \"[unused1] \"}, \"default_prompt_name\": null";

    private static final String NO_PROMPTS = "\"prompts\": {\"query\": \"\", \"document\": \"\"}";
    private static final String TEXT = """
            {"transformer_task": "feature-extraction", "module_output_name": "token_embeddings",
             "modality_config": {"text": {"method": "forward", "method_output_name": "last_hidden_state"}}\
            """;
    private static final String LENGTHS = TEXT + ", \"query_length\": 24, \"document_length\": 40}";
    private static final String EXPANDED = TEXT
            + ", \"document_length\": 40, \"query_expansion\": {\"strategy\": \"fixed\", \"attend\": false, \"token\": null, \"length\": 24}}";
    private static final String PUNCTUATION =
            "\"skiplist_words\": [\",\", \".\", \";\", \"!\", \"no token of the vocabulary\"]";
    private static final String NOTHING_SKIPPED = "\"skiplist_words\": []";

    @TempDir
    private static Path folder;

    private static TestColberts colberts;

    /** Queries of 24 tokens with the masks behind them, and marks that are added tokens. */
    private static Path usual;

    @BeforeAll
    static void write() throws IOException {
        colberts = TestColberts.write(folder);
        usual = colberts.multiVector("usual", MARKS, EXPANDED, PUNCTUATION);
    }

    private static LateInteraction open(Path model) throws IOException {
        return LateInteraction.open(model.toString(), OPTIONS);
    }

    private static Object[] queries(LateInteraction encoder) {
        return encoder.embedQueries(QUERIES, Budget.FULL, Deadline.NONE).toArray();
    }

    private static Object[] documents(LateInteraction encoder) {
        return encoder.embedDocuments(DOCUMENTS).toArray();
    }

    private static void assertSame(Path found, Path wanted) throws IOException {
        try (LateInteraction encoder = open(found);
                LateInteraction other = open(wanted)) {
            assertThat(queries(encoder)).isEqualTo(queries(other));
            assertThat(documents(encoder)).isEqualTo(documents(other));
        }
    }

    /** With masks that are not seen, with masks that are, and without. */
    @ParameterizedTest
    @CsvSource({"true, false, 24", "true, true, 24", "false, false, 17"})
    void theSameWeightsGiveWhatPylatesGive(boolean expands, boolean seen, int rows) throws IOException {
        String marks =
                "{\"query_prefix\": \"[unused0]\", \"document_prefix\": \"[unused1]\", \"query_length\": 24, \"document_length\": 40,"
                        + " \"do_query_expansion\": %s, \"attend_to_expansion_tokens\": %s, \"skiplist_words\": %s}";
        String lengths = (expands ? EXPANDED : LENGTHS).replace("\"attend\": false", "\"attend\": " + seen);
        String name = expands + "-" + seen;
        Path skipping = colberts.multiVector("skipping-" + name, MARKS, lengths, PUNCTUATION);
        assertSame(
                skipping,
                colberts.pylate("pylate-" + name, marks.formatted(expands, seen, "[\",\", \".\", \";\", \"!\"]")));
        Path whole = colberts.multiVector("whole-" + name, MARKS, lengths, NOTHING_SKIPPED);
        assertSame(whole, colberts.pylate("pylate-whole-" + name, marks.formatted(expands, seen, "[]")));
        assertSame(colberts.multiVector("silent-" + name, MARKS, lengths, "\"skiplist_words\": null"), whole);
        try (LateInteraction encoder = open(whole);
                LateInteraction other = open(skipping)) {
            assertThat(encoder.embedQuery("who wrote rivers who wrote rivers who wrote a letter to the sea?"))
                    .hasDimensions(rows, 16);
            assertThat(encoder.embedDocuments(DOCUMENTS).getLast()).hasDimensions(40, 16);
            assertThat(other.embedDocuments(DOCUMENTS).getLast().length).isLessThan(40);
        }
    }

    /** The recipe that sentence-transformers' own pages have: "[Q] " is three pieces to a tokenizer that was not told of it. */
    @Test
    void promptsAreText() throws IOException {
        Path plain = colberts.multiVector("plain", NO_PROMPTS, EXPANDED, PUNCTUATION);
        Path asking = colberts.multiVector(
                "asking",
                "\"prompts\": {\"query\": \"[Q] \", \"document\": \"the sea: \", \"usual\": \"u: \"}, \"default_prompt_name\": \"usual\"",
                EXPANDED,
                PUNCTUATION);
        // Python has an empty prompt of each of the two names, and so never looks for others.
        Path other = colberts.multiVector(
                "passage",
                "\"prompts\": {\"passage\": \"p: \", \"usual\": \"u: \"}, \"default_prompt_name\": \"usual\"",
                EXPANDED,
                PUNCTUATION);
        assertSame(other, plain);
        try (LateInteraction one = open(plain);
                LateInteraction two = open(asking)) {
            assertThat(two.embedQuery("a river")).isDeepEqualTo(one.embedQuery("[Q] a river"));
            assertThat(two.embedQuery("a river")[0]).isNotEqualTo(one.embedQuery("a river")[0]);
            assertThat(two.embedDocuments(List.of("a river")).getFirst())
                    .isDeepEqualTo(
                            one.embedDocuments(List.of("the sea: a river")).getFirst());
        }
    }

    /** As its own examples train: short queries are followed by masks, long ones are not cut to as many tokens. */
    @Test
    void masksMayFillShortQueriesAlone() throws IOException {
        String least = EXPANDED.replace("fixed", "min");
        Path whole = colberts.multiVector("whole", MARKS, least, PUNCTUATION);
        Path cut = colberts.multiVector(
                "cut",
                MARKS,
                least.replace("\"document_length\"", "\"query_length\": 30, \"document_length\""),
                PUNCTUATION);
        Path unfilled = colberts.multiVector("unfilled", MARKS, TEXT + "}", PUNCTUATION);
        try (LateInteraction encoder = open(whole);
                LateInteraction shorter = open(cut);
                LateInteraction filled = open(usual);
                LateInteraction plain = open(unfilled)) {
            assertThat(encoder.embedQuery(QUERIES.getFirst())).isDeepEqualTo(filled.embedQuery(QUERIES.getFirst()));
            // The same numbers in another order, as wherever masks might follow.
            assertNear(encoder.embedQuery(QUERIES.getLast()), plain.embedQuery(QUERIES.getLast()));
            assertThat(encoder.embedQuery(QUERIES.getLast()).length).isGreaterThan(40);
            assertThat(shorter.embedQuery(QUERIES.getLast())).hasDimensions(30, 16);
            assertThat(queries(encoder)[2]).isEqualTo(encoder.embedQuery(QUERIES.getLast()));
        }
    }

    /** A fixed length of queries outdoes it: that of a tokenizer which pylate has used may be what it cut the last texts to. */
    @Test
    void theTokenizersLengthIsThatOfTextsWithoutOneOfTheirOwn() throws IOException {
        Path open = colberts.multiVector("open", MARKS, TEXT + "}", PUNCTUATION);
        Path fixed =
                colberts.multiVector("fixed", MARKS, EXPANDED.replace("\"document_length\": 40, ", ""), PUNCTUATION);
        for (Path model : List.of(open, fixed)) {
            Files.writeString(model.resolve("tokenizer_config.json"), "{\"model_max_length\": 21}");
        }
        String text = "rivers run to the sea ".repeat(200);
        try (LateInteraction encoder = open(open);
                LateInteraction other = open(fixed);
                LateInteraction same = open(usual)) {
            assertThat(encoder.embedQuery(text)).hasDimensions(21, 16);
            assertThat(encoder.embedDocuments(List.of(text)).getFirst()).hasDimensions(21, 16);
            assertThat(other.embedQuery(text)).isDeepEqualTo(same.embedQuery(text));
            assertThat(other.embedDocuments(List.of(text)).getFirst()).hasDimensions(21, 16);
        }
        Files.delete(open.resolve("tokenizer_config.json"));
        Files.delete(open.resolve("sentence_bert_config.json"));
        try (LateInteraction encoder = open(open)) {
            assertThat(encoder.embedQuery(text)).hasDimensions(encoder.maxTokens(), 16);
        }
    }

    @ParameterizedTest
    @CsvSource({"fixed, false", "min, true", "none, false"})
    void whatIsSavedIsReadAsBefore(String strategy, boolean seen) throws IOException {
        String lengths = strategy.equals("none")
                ? LENGTHS
                : EXPANDED.replace("fixed", strategy).replace("\"attend\": false", "\"attend\": " + seen);
        Path model =
                colberts.multiVector("saving-" + strategy, MARKS.replace("[unused1] ", "d: "), lengths, PUNCTUATION);
        Path saved = folder.resolve("saved-" + strategy);
        try (LateInteraction encoder = open(model)) {
            Tokenizer tokenizer = encoder.model().files().tokenizer();
            encoder.model().encoder().save(saved, tokenizer, ModelWriter.Existing.KEEP);
            assertSame(saved, model);
            List<int[]> inputs =
                    DOCUMENTS.stream().map(text -> tokenizer.encode(text).ids()).toList();
            TestModels.acmize(encoder.model().encoder(), AdaptiveLayers.parse("mlp", 2), inputs);
            TestModels.randomizeGates(encoder.model().encoder(), .3);
            encoder.model().encoder().save(saved, tokenizer, ModelWriter.Existing.REPLACE);
            try (LateInteraction again = open(saved)) {
                assertThat(queries(again)).isEqualTo(queries(encoder));
                List<float[][]> half = again.embedDocuments(DOCUMENTS, Budget.flops(.5));
                assertThat(Arrays.deepEquals(half.toArray(), documents(again))).isFalse();
            }
        }
        var json = JsonMapper.shared();
        for (String file : List.of("2_MultiVectorMask/config.json", "3_Normalize/config.json")) {
            assertThat(json.readTree(Files.readString(saved.resolve(file))))
                    .isEqualTo(json.readTree(Files.readString(model.resolve(file))));
        }
        assertThat(json.readTree(Files.readString(saved.resolve("sentence_bert_config.json")))
                        .path("query_expansion"))
                .isEqualTo(json.readTree(lengths).path("query_expansion"));
        assertThat(Files.readString(saved.resolve("config_sentence_transformers.json")))
                .contains("\"MultiVectorEncoder\"", "\"maxsim\"", "\"[unused0] \"")
                .doesNotContain("query_prefix");
    }

    /** Vectors are scaled before it is said which count; dense layers say nothing of what they read, nor of tanh. */
    @Test
    void otherLayoutsAreReadToo() throws IOException {
        Path other = colberts.multiVector("other", MARKS, EXPANDED, PUNCTUATION);
        change(other, "config_sentence_transformers.json", "null, \"__version__\"", "\"maxsim\", \"__version__\"");
        Files.writeString(other.resolve("modules.json"), """
                [{"path": "", "type": "Transformer"}, {"path": "1_Dense", "type": "Dense"}, {"path": "3_Normalize", "type": "Normalize"},
                 {"path": "2_MultiVectorMask", "type": "MultiVectorMask"}]
                """);
        change(other, "1_Dense/config.json", ", \"module_input_name\": \"token_embeddings\"", "");
        assertSame(other, usual);
        String identity = "torch.nn.modules.linear.Identity";
        Path model = colberts.multiVector("tanh", MARKS, EXPANDED, PUNCTUATION);
        change(model, "1_Dense/config.json", ",\"activation_function\":\"" + identity + "\"", "");
        change(other, "1_Dense/config.json", identity, "torch.nn.modules.activation.Tanh");
        assertSame(other, model);
        change(other, "1_Dense/config.json", "torch.nn.modules.activation.Tanh", identity);
        try (LateInteraction one = open(model);
                LateInteraction two = open(other)) {
            assertThat(one.embedQuery("a")[0]).isNotEqualTo(two.embedQuery("a")[0]);
        }
    }

    private static void change(Path model, String file, String from, String to) throws IOException {
        Path changed = model.resolve(file);
        String written = Files.readString(changed);
        assertThat(written).contains(from);
        Files.writeString(changed, written.replace(from, to));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            sentence_bert_config.json | "fixed" | "most" | strategy is "most"; supported: fixed or min
            sentence_bert_config.json | "strategy": "fixed", | '' | strategy is missing; supported: fixed or min
            sentence_bert_config.json | "token": null | "token": "[PAD]" | token is "[PAD]"; supported: null, the tokenizer's mask
            sentence_bert_config.json | , "length": 24 | '' | length is missing; supported: how many tokens a query has at least
            sentence_bert_config.json | "length": 24 | "length": 2 | length is 2; supported: an integer from 3 to 1048576
            sentence_bert_config.json | "attend": false | "attend": 0 | attend is 0; supported: true or false
            sentence_bert_config.json | "document_length" | "query_length": 23, "document_length" | length is 24; supported: up to 23, how long queries may be
            sentence_bert_config.json | "document_length": 40 | "document_length": "40" | document_length is "40"; supported: an integer from 3 to 1048576
            sentence_bert_config.json | "query_expansion": | "query_expansion": true, "was": | query_expansion is true; supported: null, or an object of strategy, attend, token and length
            sentence_bert_config.json | feature-extraction | retrieval | transformer_task is "retrieval"; supported: feature-extraction
            sentence_bert_config.json | "token_embeddings" | "scores" | module_output_name is "scores"; supported: token_embeddings
            sentence_bert_config.json | "document_length" | "processing_kwargs": {"text": {}}, "document_length" | processing_kwargs is {"text":{}}; supported: nothing
            sentence_bert_config.json | {"text": | {"message": | modality_config is
            2_MultiVectorMask/config.json | "document" | "query", "document" | skiplist_tasks is ["query","document"]; supported: ["document"]
            2_MultiVectorMask/config.json | null | [1, 2] | keep_only_token_ids is [1,2]; supported: null
            2_MultiVectorMask/config.json | "!" | 1 | skiplist_words is [",",".",";",1,
            3_Normalize/config.json | "module_input_name": "token_embeddings", | '' | module_input_name is missing; supported: token_embeddings
            3_Normalize/config.json | "module_input_name": "token_embeddings" | "module_input_name": "sentence_embedding" | module_input_name is "sentence_embedding"; supported: token_embeddings
            1_Dense/config.json | "module_output_name": "token_embeddings" | "module_output_name": "scores" | module_output_name is "scores"; supported: token_embeddings
            config_sentence_transformers.json | null, "__version__" | "meanmaxsim", "__version__" | similarity_fn_name is "meanmaxsim"; supported: maxsim
            config_sentence_transformers.json | MultiVectorEncoder | SentenceTransformer | model_type is "SentenceTransformer"; supported: MultiVectorEncoder
            config_sentence_transformers.json | "prompts" | "query_length": 9, "prompts" | query_length is 9; supported: none in this file of a MultiVectorEncoder
            modules.json | normalize.Normalize | layer_norm.LayerNorm | has the modules Transformer, Dense, MultiVectorMask, LayerNorm; supported of a MultiVectorEncoder: Transformer, Dense, once or more, MultiVectorMask, Normalize
            modules.json | multi_vector_mask.MultiVectorMask | token_pooling.HierarchicalTokenPooling | has the modules Transformer, Dense, HierarchicalTokenPooling, Normalize; supported of a MultiVectorEncoder: Transformer, Dense, once or more, MultiVectorMask, Normalize
            """)
    void whatIsNotSupportedIsRefused(String file, String from, String to, String message) throws IOException {
        Path changed = usual.resolve(file);
        String written = Files.readString(changed);
        change(usual, file, from, to);
        try {
            assertThatThrownBy(() -> open(usual)).hasMessageStartingWith(changed + ": " + message);
        } finally {
            Files.writeString(changed, written);
        }
    }

    /** The tokenizer says how long they may be. */
    @Test
    void masksThatFillMoreThanAQueryMayHaveAreRefused() throws IOException {
        Path model = colberts.multiVector("short", MARKS, EXPANDED.replace("fixed", "min"), PUNCTUATION);
        Files.writeString(model.resolve("tokenizer_config.json"), "{\"model_max_length\": 21}");
        assertThatThrownBy(() -> open(model))
                .hasMessageEndingWith("length is 24; supported: up to 21, how long queries may be");
        Files.delete(model.resolve("config_sentence_transformers.json"));
        assertThatThrownBy(() -> open(model)).hasMessageEndingWith("config_sentence_transformers.json: no such file");
    }
}
