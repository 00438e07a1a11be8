package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.StaticFolder.Stored;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.model.open.ConfigFields;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Static models against what their libraries' sources say, computed in doubles from the numbers that the folders were written of ({@link StaticFolder}). */
class StaticModelsTest {
    private static final EngineOptions PLAIN =
            EngineOptions.defaults().withThreads(1).withConcurrentCalls(1).withBackend(BackendChoice.FLOAT32);

    private static final List<String> TEXTS = List.of("A token, tokens b a", "a", "tokens", "b", "", " \n");

    /** The same without what is unknown: the comma, and b. */
    private static final int[][] KNOWN = {{4, 5, 5, 6, 4}, {4}, {5, 6}, {}, {}, {}};

    private static final int[][] ALL = {{4, 5, 1, 5, 6, 1, 4}, {4}, {5, 6}, {1}, {}, {}};

    private static final int[] MAPPING = {2, 0, 1, 2, 0, 1, 2};
    private static final double[] WEIGHTS = {.5, 1, 2, .25, 1.5, .75, 3};

    @TempDir
    private Path folder;

    private static void assertNear(float[] vector, double... expected) {
        assertNear(1e-6, vector, expected);
    }

    /** Of long texts sums in float32, as both libraries have them, are off by what each addition rounds. */
    private static void assertNear(double tolerance, float[] vector, double... expected) {
        assertThat(vector).hasSize(expected.length);
        double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
        for (int i = 0; i < expected.length; i++) {
            assertThat((double) vector[i]).isCloseTo(expected[i], within(tolerance * largest + 1e-30));
        }
    }

    /** Each alone, and in a batch with the others, whose budgets change nothing. */
    private void assertGives(EngineOptions options, double[]... expected) throws IOException {
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), options)) {
            assertThat(encoder.dimensions()).isEqualTo(StaticFolder.WIDTH);
            assertThat(encoder.isAdaptive()).isFalse();
            List<Embedding> batch = encoder.embed(TEXTS, Budget.of(.3));
            for (int i = 0; i < expected.length; i++) {
                float[] alone = encoder.embed(TEXTS.get(i)).vector();
                assertNear(alone, expected[i]);
                assertThat(batch.get(i).vector()).containsExactly(alone);
                assertThat(encoder.embed(TEXTS.get(i), Budget.hard(.3)).vector())
                        .containsExactly(alone);
            }
        }
    }

    private double[][] vectors(StaticFolder model, boolean normalize, int[][] ids, int[] mapping, double[] weights) {
        return Arrays.stream(ids)
                .map(each -> model.mean(each, normalize, mapping, weights))
                .toArray(double[][]::new);
    }

    @ParameterizedTest
    @CsvSource({"F32, true", "F32, false", "F16, true", "F64, false", "BF16, false", "I8, true", "I8, false"})
    void vectorsAreModel2vecs(String type, boolean normalize) throws IOException {
        StaticFolder model = StaticFolder.model2vec(folder, normalize, type);
        assertGives(PLAIN, vectors(model, normalize, KNOWN, null, null));
    }

    /** Unlike transformers, neither library looks at what stands there. */
    @Test
    void tokenizerConfigChangesNothing() throws IOException {
        StaticFolder model = StaticFolder.model2vec(folder, true, "F32");
        Files.writeString(
                folder.resolve("tokenizer_config.json"), "{\"do_lower_case\": false, \"truncation_side\": \"left\"}");
        assertGives(PLAIN, vectors(model, true, KNOWN, null, null));
    }

    /** In whatever precision products are: there are none. */
    @Test
    void theUsualBackendGivesTheSame() throws IOException {
        StaticFolder model = StaticFolder.model2vec(folder, true, "F32");
        assertGives(EngineOptions.defaults(), vectors(model, true, KNOWN, null, null));
    }

    @ParameterizedTest
    @CsvSource({"I64, F64, F32", "I32, F32, F16", "I64, F16, I8"})
    void rowsAreMappedAndWeighted(String mapping, String weights, String type) throws IOException {
        var places = new Stored(
                "mapping",
                mapping,
                new int[] {7},
                Arrays.stream(MAPPING).asDoubleStream().toArray());
        var factors = new Stored("weights", weights, new int[] {7}, WEIGHTS);
        StaticFolder model = StaticFolder.model2vec(folder, true, type, 3, places, factors);
        assertGives(PLAIN, vectors(model, true, KNOWN, MAPPING, WEIGHTS));
    }

    @Test
    void aMappingOrFactorsMayBeThereAlone() throws IOException {
        var places = new Stored(
                "mapping",
                "I64",
                new int[] {7},
                Arrays.stream(MAPPING).asDoubleStream().toArray());
        StaticFolder mapped = StaticFolder.model2vec(folder, false, "F32", 3, places);
        assertGives(PLAIN, vectors(mapped, false, KNOWN, MAPPING, null));
        var factors = new Stored("weights", "F32", new int[] {7}, WEIGHTS);
        StaticFolder weighted = StaticFolder.model2vec(folder, false, "F32", factors);
        assertGives(PLAIN, vectors(weighted, false, KNOWN, null, WEIGHTS));
    }

    /** M2V_base_glove's tokens are whole words. */
    @Test
    void tokensMayBeWholeWords() throws IOException {
        StaticFolder model = StaticFolder.model2vec(folder, true, "F32");
        String words = StaticFolder.TOKENIZER
                .replace("BertPreTokenizer", "Whitespace")
                .replace("\"type\":\"WordPiece\",\"unk_token\"", "\"type\":\"WordLevel\",\"unk_token\"");
        Files.writeString(folder.resolve("tokenizer.json"), words);
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), PLAIN)) {
            assertNear(encoder.embed("A, tokens token xyzzy").vector(), model.mean(true, 4, 5));
            assertThat(encoder.embed("A, tokens token xyzzy").tokens()).isEqualTo(2);
        }
    }

    /** As model2vec wrote it at first: no type, and no modules. */
    @Test
    void olderFoldersAreRead() throws IOException {
        StaticFolder model = StaticFolder.model2vec(folder, true, "F32");
        Files.delete(folder.resolve("modules.json"));
        Files.writeString(folder.resolve("config.json"), "{\"tokenizer_name\": \"x\", \"apply_zipf\": true}");
        assertGives(PLAIN, vectors(model, false, KNOWN, null, null));
    }

    @Test
    void fieldsOfConfigJsonAreKnown() throws IOException {
        StaticFolder.model2vec(folder, true, "F32");
        ConfigFields fields = ConfigFields.of(folder).orElseThrow();
        assertThat(fields.unknown()).isEmpty();
        assertThat(fields.used()).contains("model_type", "normalize");
        assertThat(fields.longest()).isZero();
        StaticFolder.sentence(Files.createDirectory(folder.resolve("other")), "", StaticFolder.STATIC, "");
        assertThat(ConfigFields.of(folder.resolve("other"))).isEmpty();
    }

    /** What is unknown is a token there, and texts without any token are zeros. */
    @ParameterizedTest
    @CsvSource({
        "0_StaticEmbedding, sentence_transformers.models.StaticEmbedding",
        "'', sentence_transformers.models.StaticEmbedding.StaticEmbedding",
        "my_table, sentence_transformers.sentence_transformer.modules.static_embedding.StaticEmbedding",
    })
    void vectorsAreSentenceTransformers(String own, String type) throws IOException {
        StaticFolder model = StaticFolder.sentence(folder, own, type, "");
        assertGives(PLAIN, vectors(model, false, ALL, null, null));
        Files.writeString(folder.resolve("modules.json"), StaticFolder.modules(own, type, StaticFolder.NORMALIZE));
        assertGives(PLAIN, vectors(model, true, ALL, null, null));
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), PLAIN)) {
            assertNear(encoder.embedQuery("a").vector(), model.mean(true, 5, 4));
        }
    }

    /** model2vec's own tensor under sentence-transformers' modules alone, which takes it too. */
    @Test
    void aFolderWithoutModel2vecsConfigIsReadAsSentenceTransformersDoes() throws IOException {
        StaticFolder model = StaticFolder.model2vec(folder, true, "F32");
        Files.delete(folder.resolve("config.json"));
        assertGives(PLAIN, vectors(model, true, ALL, null, null));
    }

    @Test
    void modulesBehindATableAreRead() throws IOException {
        String dense =
                ", {\"idx\": 1, \"name\": \"1\", \"path\": \"1_Dense\", \"type\": \"sentence_transformers.models.Dense\"}";
        StaticFolder model = StaticFolder.sentence(folder, "0_StaticEmbedding", StaticFolder.STATIC, dense);
        Path own = Files.createDirectory(folder.resolve("1_Dense"));
        Files.writeString(own.resolve("config.json"), """
                {"in_features": 20, "out_features": 2, "bias": false, "activation_function": "torch.nn.modules.linear.Identity"}
                """);
        var matrix = new double[2 * StaticFolder.WIDTH];
        matrix[3] = 2;
        matrix[StaticFolder.WIDTH + 7] = -1;
        StaticFolder.weights(own, List.of(new Stored("linear.weight", "F32", new int[] {2, 20}, matrix)));
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), PLAIN)) {
            double[] mean = model.mean(false, 4, 5);
            assertNear(encoder.embed("a token").vector(), 2 * mean[3], -mean[7]);
            assertNear(encoder.embed("").vector(), 0, 0);
        }
    }

    /** model2vec looks at as many characters of a text as 512 tokens of the median length have, here 2,560, and takes 512 tokens of what is known. */
    @Test
    void longTextsAreCutAsModel2vecDoes() throws IOException {
        StaticFolder model = StaticFolder.model2vec(folder, false, "F32");
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), PLAIN)) {
            assertThat(encoder.maxTokens()).isEqualTo(512);
            Embedding words = encoder.embed("b a ".repeat(511) + "a token a");
            var first = new int[512];
            Arrays.fill(first, 4);
            assertNear(1e-5, words.vector(), model.mean(false, first));
            assertThat(words.tokens()).isEqualTo(512);
            assertThat(words.truncated()).isTrue();

            Embedding last = encoder.embed("token" + " ".repeat(2554) + "a");
            assertNear(last.vector(), model.mean(false, 5, 4));
            assertThat(last.truncated()).isFalse();
            Embedding beyond = encoder.embed("token" + " ".repeat(2555) + "a");
            assertNear(beyond.vector(), model.mean(false, 5));
            assertThat(beyond.truncated()).isTrue();
            // Characters, not Java's chars.
            assertNear(encoder.embed("\ud83d\ude00 ".repeat(1279) + " a").vector(), model.mean(false, 4));
        }
    }

    @Test
    void sentenceTransformersCutsNoText() throws IOException {
        StaticFolder model = StaticFolder.sentence(folder, "", StaticFolder.STATIC, "");
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), PLAIN)) {
            var ids = new int[5_000];
            Arrays.fill(ids, 4);
            ids[4_999] = 5;
            Embedding text = encoder.embed("a ".repeat(4_999) + "token");
            assertNear(1e-4, text.vector(), model.mean(false, ids));
            assertThat(text.truncated()).isFalse();
            assertThat(encoder.maxTokens()).isEqualTo(32_768);
            assertThat(encoder.embed("a ".repeat(32_769)).truncated()).isTrue();
        }
    }

    /** Parts of split texts count by their tokens, so that their mean is that of all tokens. */
    @Test
    void splitTextsAreReadWhole() throws IOException {
        StaticFolder model = StaticFolder.model2vec(folder, true, "F32");
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), PLAIN)) {
            var ids = new int[40_000];
            Arrays.fill(ids, 4);
            Arrays.fill(ids, 33_000, 40_000, 5);
            String text = "a b ".repeat(33_000) + "token ".repeat(7_000);
            EmbedRequest request = EmbedRequest.of(List.of(text, "", "b")).withLongTexts(LongTexts.SPLIT);
            List<Embedding> vectors = encoder.embed(request);
            assertNear(1e-3, vectors.getFirst().vector(), model.mean(true, ids));
            assertThat(vectors.getFirst().tokens()).isEqualTo(40_000);
            assertNear(vectors.get(1).vector(), model.mean(true));
            assertNear(vectors.get(2).vector(), model.mean(true));
        }
    }

    /** Both libraries leave that to the tokenizers library, which counts unknown tokens too. */
    @Test
    void aTokenizerThatCutsIsHeard() throws IOException {
        StaticFolder model = StaticFolder.model2vec(folder, false, "F32");
        String cut = "{\"direction\":\"Right\",\"max_length\":3,\"strategy\":\"LongestFirst\",\"stride\":0}";
        Path tokenizer = folder.resolve("tokenizer.json");
        Files.writeString(tokenizer, StaticFolder.TOKENIZER.replace("\"truncation\":null", "\"truncation\":" + cut));
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), PLAIN)) {
            assertThat(encoder.maxTokens()).isEqualTo(3);
            Embedding text = encoder.embed("a b token token");
            assertNear(text.vector(), model.mean(false, 4, 5));
            assertThat(text.truncated()).isTrue();
            assertThat(encoder.embed("a b token").truncated()).isFalse();
        }
        Files.delete(folder.resolve("config.json"));
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), PLAIN)) {
            assertThat(encoder.maxTokens()).isEqualTo(3);
            assertNear(encoder.embed("a b token token").vector(), model.mean(false, 4, 1, 5));
            encoder.warmUp();
        }
        Files.writeString(tokenizer, Files.readString(tokenizer).replace("\"max_length\":3", "\"max_length\":1"));
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), PLAIN)) {
            assertNear(encoder.embed("a b").vector(), model.mean(false, 4));
        }
        Path settings = folder.resolve("config_sentence_transformers.json");
        Files.writeString(settings, "{\"prompts\": {\"query\": \"token \"}}");
        assertThatThrownBy(() -> TextEncoder.open(folder.toString(), PLAIN))
                .hasMessageContaining("its prompt \"query\" fills the 1 tokens that the model reads");
        Files.delete(settings);
        Files.writeString(tokenizer, Files.readString(tokenizer).replace("Right", "Left"));
        assertThatThrownBy(() -> TextEncoder.open(folder.toString(), PLAIN))
                .isInstanceOf(BadFileException.class)
                .hasMessage(folder.resolve("tokenizer.json") + ": " + "direction is \"Left\"; supported: Right");
    }

    /** Python's object of a Unigram has no field unk_token, by which model2vec would find it. */
    @Test
    void unknownTokensOfAUnigramStay() throws IOException {
        StaticFolder model = StaticFolder.model2vec(folder, false, "F32");
        Files.writeString(folder.resolve("tokenizer.json"), """
                {"version":"1.0","added_tokens":[],"normalizer":null,
                 "pre_tokenizer":{"type":"Metaspace","replacement":"\u2581","prepend_scheme":"always","split":true},
                 "model":{"type":"Unigram","unk_id":1,"unk_token":"<unk>",
                  "vocab":[["<s>",0],["<unk>",0],["\u2581a",-1],["\u2581",-2],["b",-3],["c",-3],["d",-3]]}}
                """);
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), PLAIN)) {
            assertNear(encoder.embed("a x").vector(), model.mean(false, 2, 3, 1));
        }
    }

    @Test
    void tokensAreThoseThatCount() throws IOException {
        StaticFolder.model2vec(folder, true, "F32");
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), PLAIN)) {
            assertThat(encoder.tokenize("a b tokens"))
                    .extracting(
                            TextToken::id,
                            TextToken::text,
                            TextToken::startChar,
                            TextToken::endChar,
                            TextToken::special)
                    .containsExactly(
                            tuple(4, "a", 0, 1, false), tuple(5, "token", 4, 9, false), tuple(6, "##s", 9, 10, false));
            assertThat(encoder.countTokens("a b tokens")).isEqualTo(3);
            assertThat(encoder.countTokens("b")).isZero();
            assertThat(encoder.tokenize("b")).isEmpty();
        }
    }

    @Test
    void fewerValuesAreOfLengthOneAgain() throws IOException {
        StaticFolder model = StaticFolder.model2vec(folder, true, "F32");
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), PLAIN)) {
            double[] all = model.mean(true, 4, 5);
            double length = Math.hypot(all[0], all[1]);
            assertNear(encoder.withDimensions(2).embed("a token").vector(), all[0] / length, all[1] / length);
            assertNear(encoder.withDimensions(2).embed("").vector(), 0, 0);
        }
        Files.writeString(
                folder.resolve("config.json"),
                StaticFolder.MODEL2VEC
                        .formatted("true")
                        .replace("\"apply_pca\"", "\"matryoshka_dimensions\": [4], \"x\""));
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), PLAIN)) {
            assertThatThrownBy(() -> encoder.withDimensions(3)).hasMessageContaining("it must be 4 or 20");
        }
    }
}
