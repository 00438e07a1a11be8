package io.tokenwise;

import static io.tokenwise.TestColberts.DOCUMENTS;
import static io.tokenwise.TestColberts.QUERIES;
import static io.tokenwise.TestColberts.assertNear;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.io.TensorData;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.VectorStep;
import io.tokenwise.references.Array;
import io.tokenwise.references.RandomModel;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What pylate saves: lengths, prompts, dense layers, masks that are seen or not. */
class PylateFolderTest {
    private static final EngineOptions OPTIONS = EngineOptions.defaults()
            .withThreads(2)
            .withBackend(new BackendChoice(BackendChoice.Kind.VECTOR, Precision.F32));

    @TempDir
    private static Path folder;

    private static TestColberts colberts;

    private static Path stanford;

    @BeforeAll
    static void write() throws IOException {
        colberts = TestColberts.write(folder);
        stanford = colberts.stanford;
    }

    /** What pylate saves as the longest text is what it cut the last ones to, queries perhaps. */
    @Test
    void documentsAreNotCutToWhatPylateUsedLast() throws IOException {
        Path model = colberts.pylate(
                "lengths",
                "{\"query_prefix\":\"[unused0]\",\"document_prefix\":\"[unused1]\",\"query_length\":12,\"document_length\":48}");
        Files.writeString(model.resolve("sentence_bert_config.json"), "{\"max_seq_length\": 11}");
        try (LateInteraction encoder = LateInteraction.open(model.toString(), OPTIONS)) {
            assertThat(encoder.embedQuery("a")).hasDimensions(12, 16);
            String document = "rivers run to the sea ".repeat(20);
            assertThat(encoder.embedDocuments(List.of(document), Budget.FULL).getFirst())
                    .hasDimensions(48, 16);
        }
    }

    /** pylate's encode asks for no name. */
    @Test
    void theUsualPromptStandsBeforeQueriesAndDocuments() throws IOException {
        String marks = "\"query_prefix\":\"[unused0]\",\"document_prefix\":\"[unused1]\"";
        Path plain = colberts.pylate("plain", "{" + marks + "}");
        Path asking = colberts.pylate(
                "asking", "{" + marks + ",\"prompts\":{\"find\":\"the sea: \"},\"default_prompt_name\":\"find\"}");
        try (LateInteraction one = LateInteraction.open(plain.toString(), OPTIONS);
                LateInteraction other = LateInteraction.open(asking.toString(), OPTIONS)) {
            assertThat(other.embedQuery("a river")).isDeepEqualTo(one.embedQuery("the sea: a river"));
            assertThat(other.embedDocuments(List.of("a river"), Budget.FULL).getFirst())
                    .isDeepEqualTo(one.embedDocuments(List.of("the sea: a river"), Budget.FULL)
                            .getFirst());
        }
    }

    @Test
    void foldersOfPylateGiveTheSame() throws IOException {
        Path model = colberts.pylate("pylate", """
                {"prompts": {}, "query_prefix": "[unused0]", "document_prefix": "[unused1]", "query_length": 24, "document_length": 40,
                 "attend_to_expansion_tokens": false, "do_query_expansion": true, "skiplist_words": [",", ".", ";", "!"]}
                """);
        Path seeing = colberts.pylate(
                "seeing",
                "{\"query_prefix\": \"[unused0]\", \"document_prefix\": \"\", \"query_length\": 24, \"attend_to_expansion_tokens\": true}");
        try (LateInteraction one = LateInteraction.open(stanford.toString(), OPTIONS);
                LateInteraction same = LateInteraction.open(model.toString(), OPTIONS);
                LateInteraction other = LateInteraction.open(seeing.toString(), OPTIONS)) {
            assertThat(same.embedQuery(QUERIES.getFirst())).isDeepEqualTo(one.embedQuery(QUERIES.getFirst()));
            assertThat(same.embedDocuments(DOCUMENTS, Budget.FULL).getFirst())
                    .isDeepEqualTo(one.embedDocuments(DOCUMENTS, Budget.FULL).getFirst());
            // Seen masks change what comes out of others.
            assertThat(other.embedQuery(QUERIES.getFirst())[3]).isNotEqualTo(one.embedQuery(QUERIES.getFirst())[3]);
            assertThat(other.embedDocuments(List.of("a b"), Budget.FULL).getFirst())
                    .hasDimensions(4, 16);
        }
    }

    /** As mxbai-edge-colbert's: a wider layer with a residual before the one that makes it short, which is here a choice of its first values. */
    @Test
    void severalDenseLayersMayMakeATokensVector() throws IOException {
        String config = "{\"query_prefix\":\"[unused0]\",\"document_prefix\":\"[unused1]\",\"model_type\":\"ColBERT\"}";
        Path model = colberts.pylate("several", config);
        Path second = Files.createDirectory(model.resolve("2_Dense"));
        float[] weight = new float[8 * 16];
        for (int i = 0; i < 8; i++) {
            weight[i * 16 + i] = 1;
        }
        TestColberts.writeDense(
                second, Map.of("linear.weight", new TensorData(new long[] {8, 16}, MemorySegment.ofArray(weight))));
        Files.writeString(
                second.resolve("config.json"),
                Files.readString(model.resolve("1_Dense/config.json"))
                        .replace("48", "16")
                        .replace("\"out_features\":16", "\"out_features\":8"));
        // The same again as what is added: twice as long, which no vector of length 1 shows.
        Array linear = colberts.random.weights().get("linear.weight");
        var tensor = new TensorData(linear.shape(), MemorySegment.ofArray(linear.values()));
        TestColberts.writeDense(model.resolve("1_Dense"), Map.of("linear.weight", tensor, "residual.weight", tensor));
        Path first = model.resolve("1_Dense/config.json");
        Files.writeString(first, Files.readString(first).replace("}", ",\"use_residual\":true}"));
        Files.writeString(
                model.resolve("modules.json"),
                Files.readString(model.resolve("modules.json"))
                        .replace("]", ",{\"path\":\"2_Dense\",\"type\":\"pylate.models.Dense.Dense\"}]"));
        Path saved = folder.resolve("saved-several");
        try (LateInteraction one = LateInteraction.open(stanford.toString(), OPTIONS);
                LateInteraction several = LateInteraction.open(model.toString(), OPTIONS)) {
            float[][] whole =
                    one.embedDocuments(List.of("a man wrote"), Budget.FULL).getFirst();
            float[][] found =
                    several.embedDocuments(List.of("a man wrote"), Budget.FULL).getFirst();
            float[][] wanted = Arrays.stream(whole)
                    .map(vector -> VectorStep.Normalize.scaled(Arrays.copyOf(vector, 8)))
                    .toArray(float[][]::new);
            assertThat(several.dimensions()).isEqualTo(8);
            assertNear(found, wanted);
            several.model().encoder().save(saved, several.model().files().tokenizer(), ModelWriter.Existing.KEEP);
            try (LateInteraction again = LateInteraction.open(saved.toString(), OPTIONS)) {
                assertThat(again.embedQuery("a man")).isDeepEqualTo(several.embedQuery("a man"));
            }
        }
    }

    @Test
    void whatIsNotSupportedIsRefused() throws IOException {
        Path marks = colberts.pylate("marks", "{\"query_prefix\":\"[Q] \"}");
        assertThatThrownBy(() -> LateInteraction.open(marks.toString(), OPTIONS))
                .hasMessage(marks + ": its vocabulary has no token \"[Q] \" to mark queries or documents by");
        Path small = colberts.pylate("small", "{\"query_prefix\":\"[unused0]\",\"document_prefix\":\"\"}");
        RandomModel.small("bert", Map.of("vocab_size", 30_522, "max_position_embeddings", 3), 13)
                .write(small, "bert.");
        assertThatThrownBy(() -> LateInteraction.open(small.toString(), OPTIONS))
                .hasMessage(
                        small + ": reads 3 tokens of a query; must be 4 or more, for its marks and one of the text");
        Path residual = colberts.pylate("residual", "{}");
        Path dense = residual.resolve("1_Dense/config.json");
        String written = Files.readString(dense);
        Files.writeString(dense, written.replace("}", ",\"use_residual\":true}"));
        assertThatThrownBy(() -> LateInteraction.open(residual.toString(), OPTIONS))
                .hasMessageEndingWith("has no tensor 1_Dense/residual.weight");
        Files.writeString(dense, written.replace("}", ",\"module_output_name\":\"scores\"}"));
        assertThatThrownBy(() -> LateInteraction.open(residual.toString(), OPTIONS))
                .hasMessageEndingWith("module_output_name is \"scores\"; supported: token_embeddings");
        Files.writeString(dense, "{\"in_features\":48,\"out_features\":16}");
        assertThatThrownBy(() -> LateInteraction.open(residual.toString(), OPTIONS))
                .hasMessageEndingWith(
                        "activation_function is missing; supported: one that is named, of a model of pylate");
        Files.writeString(dense, written);
        Path settings = residual.resolve("config_sentence_transformers.json");
        Files.writeString(settings, "{\"model_type\":\"SentenceTransformer\"}");
        assertThatThrownBy(() -> LateInteraction.open(residual.toString(), OPTIONS))
                .hasMessage(settings + ": model_type is \"SentenceTransformer\"; supported: ColBERT");
        Files.delete(settings);
        assertThatThrownBy(() -> LateInteraction.open(residual.toString(), OPTIONS))
                .hasMessageEndingWith("modules.json: has Dense behind a Transformer and no Pooling: a model of pylate,"
                        + " which has config_sentence_transformers.json too");
    }
}
