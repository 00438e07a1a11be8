package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.io.TorchFiles;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.RandomModel;
import io.tokenwise.references.Reference;
import io.tokenwise.references.TorchScript;
import io.tokenwise.tokenizer.TokenTypes;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RerankerTest {
    static final EngineOptions OPTIONS = EngineOptions.defaults()
            .withThreads(2)
            .withBackend(new BackendChoice(BackendChoice.Kind.VECTOR, Precision.F32));

    static final String QUERY = "who wrote a letter?";

    static final List<String> TEXTS = List.of(
            "a man wrote a letter to his mother",
            "",
            "the letter was never sent",
            "a man wrote a letter to his mother",
            "rivers run to the sea ".repeat(60),
            "x");

    @TempDir
    private static Path folder;

    private static RandomModel crossEncoder;

    @BeforeAll
    static void write() throws IOException {
        crossEncoder = write("scores", 1);
        write("classes", 3);
    }

    private static RandomModel write(String name, int labels) throws IOException {
        return write(name, "bert", "BertForSequenceClassification", labels);
    }

    private static RandomModel write(String name, String family, String architecture, int labels) throws IOException {
        Map<String, Object> config = Map.of(
                "architectures",
                List.of(architecture),
                "vocab_size",
                30_522,
                "type_vocab_size",
                2,
                "layer_norm_eps",
                1e-12);
        RandomModel model = RandomModel.small(family, config, 3).with("classifiers", Map.of("num_labels", labels), 4);
        model.write(folder.resolve(name), "bert.");
        try (ModelFiles minilm = TestModels.files("minilm")) {
            Files.write(
                    folder.resolve(name).resolve("tokenizer.json"),
                    minilm.tokenizer().json());
        }
        return model;
    }

    private static Reranker open() throws IOException {
        return Reranker.open(folder.resolve("scores").toString(), OPTIONS);
    }

    @Test
    void scoresAreThoseOfTorch() throws IOException {
        assertScoresOfTorch("scores", crossEncoder);
    }

    /** jina-reranker-v1's config.json names the encoder alone. */
    @Test
    void aJinaBertWhoseWeightsHaveAHeadOfOneRowIsACrossEncoder() throws IOException {
        RandomModel random = write("jina", "jina_bert", "JinaBertModel", 1);
        assertScoresOfTorch("jina", random);
        TorchFiles.replace(folder.resolve("jina"));
        assertScoresOfTorch("jina", random);
        write("jina-classes", "jina_bert", "JinaBertModel", 2);
        try (ModelFiles files = Models.open(folder.resolve("jina-classes"))) {
            assertThat(files.description().kind()).isEqualTo("a text encoder");
        }
    }

    private static void assertScoresOfTorch(String name, RandomModel random) throws IOException {
        assumeThat(TorchScript.isAvailable()).as("libtorch").isTrue();
        try (Reranker reranker = Reranker.open(folder.resolve(name).toString(), OPTIONS);
                Reference torch = random.reference();
                Reference head = random.reference("classifiers")) {
            Tokenizer tokenizer = reranker.model().files().tokenizer();
            float[] scores = reranker.scores(QUERY, TEXTS);
            for (int i = 0; i < scores.length; i++) {
                int[] pair = tokenizer
                        .encodePair(QUERY, TEXTS.get(i), reranker.maxTokens())
                        .ids();
                int[] ids = Arrays.stream(pair).map(TokenTypes::id).toArray();
                int[] types = Arrays.stream(pair).map(TokenTypes::type).toArray();
                float wanted = head.run(torch.run(ids, types).last()).part("logits")[0][0];
                assertThat(scores[i]).as(TEXTS.get(i)).isCloseTo(wanted, within(1e-4f * Math.max(1, Math.abs(wanted))));
            }
        }
    }

    /** Of the same words; a model that did not see the types could not tell. */
    @Test
    void typesOfTokensMatter() throws IOException {
        try (Reranker reranker = open()) {
            int[] pair = reranker.model()
                    .files()
                    .tokenizer()
                    .encodePair(QUERY, TEXTS.getFirst(), reranker.maxTokens())
                    .ids();
            int[] ids = Arrays.stream(pair).map(TokenTypes::id).toArray();
            float[][] both = reranker.model().encode(List.of(pair, ids), List.of(Budget.FULL, Budget.FULL));
            assertThat(both[0][0]).isEqualTo(reranker.scores(QUERY, TEXTS)[0]);
            assertThat(Math.abs(both[0][0] - both[1][0])).isGreaterThan(1e-3f);
        }
    }

    @Test
    void aScoreDoesNotDependOnTheOtherTexts() throws IOException {
        try (Reranker reranker = open()) {
            float[] together = reranker.scores(QUERY, TEXTS);
            for (int i = 0; i < together.length; i++) {
                assertThat(reranker.scores(QUERY, List.of(TEXTS.get(i)))).containsExactly(together[i]);
            }
            assertThat(reranker.scores(QUERY, List.of())).isEmpty();
        }
    }

    @Test
    void theBestTextsComeFirst() throws IOException {
        try (Reranker reranker = open()) {
            float[] scores = reranker.scores(QUERY, TEXTS);
            List<Reranker.Ranked> all = reranker.rank(QUERY, TEXTS);
            assertThat(all).hasSameSizeAs(TEXTS);
            for (int i = 0; i < all.size(); i++) {
                Reranker.Ranked ranked = all.get(i);
                assertThat(ranked.text()).isEqualTo(TEXTS.get(ranked.index()));
                assertThat(ranked.score()).isEqualTo(scores[ranked.index()]);
                assertThat(ranked.probability()).isBetween(0.0, 1.0);
                assertThat(i == 0 || all.get(i - 1).score() >= ranked.score()).isTrue();
            }
            // Equal scores keep their order.
            List<Integer> order = all.stream().map(Reranker.Ranked::index).toList();
            assertThat(order.indexOf(3)).isEqualTo(order.indexOf(0) + 1);
            assertThat(reranker.rank(QUERY, TEXTS, 2)).isEqualTo(all.subList(0, 2));
            assertThat(reranker.rank(QUERY, TEXTS, 100)).isEqualTo(all);
            assertThatThrownBy(() -> reranker.rank(QUERY, TEXTS, -1)).hasMessage("top is -1, must be 0 or more");
            assertThatThrownBy(() -> reranker.rank(QUERY, TEXTS, 2, Budget.FULL, Deadline.in(Duration.ZERO)))
                    .isInstanceOf(DeadlineException.class);
        }
    }

    @Test
    void eachDoorRefusesOtherModels() {
        String scores = folder.resolve("scores").toString();
        String classes = folder.resolve("classes").toString();
        assertThatThrownBy(() -> TextEncoder.open(scores, OPTIONS))
                .isInstanceOf(BadFileException.class)
                .hasMessage(scores + ": is a cross-encoder; a text encoder is wanted here");
        assertThatThrownBy(() -> TextEncoder.open(classes, OPTIONS))
                .hasMessage(classes + ": is a text classifier; a text encoder is wanted here");
        assertThatThrownBy(() -> Reranker.open(classes, OPTIONS))
                .hasMessage(classes + ": is a text classifier; a cross-encoder is wanted here");
        assertThatThrownBy(() -> Reranker.open("minilm", OPTIONS))
                .hasMessage("minilm: is a text encoder; a cross-encoder is wanted here");
    }

    /** Since its version 5.4 it writes modules of models with a head of their own too. */
    @Test
    void whatSentenceTransformersSavesOfLateIsACrossEncoder(@TempDir Path model) throws IOException {
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json")) {
            Files.copy(folder.resolve("scores").resolve(file), model.resolve(file));
        }
        Files.writeString(
                model.resolve("modules.json"),
                "[{\"idx\":0,\"name\":\"0\",\"path\":\"\",\"type\":\"sentence_transformers.base.modules.transformer.Transformer\"}]");
        Files.writeString(
                model.resolve("sentence_bert_config.json"), "{\"transformer_task\":\"sequence-classification\"}");
        Path settings = model.resolve("config_sentence_transformers.json");
        Files.writeString(
                settings,
                "{\"model_type\":\"CrossEncoder\",\"prompts\":{},\"activation_fn\":\"torch.nn.modules.linear.Identity\"}");
        try (Reranker reranker = open();
                Reranker saved = Reranker.open(model.toString(), OPTIONS)) {
            assertThat(saved.scores(QUERY, TEXTS)).containsExactly(reranker.scores(QUERY, TEXTS));
        }
        Files.writeString(settings, "{\"activation_fn\":\"torch.nn.modules.activation.Tanh\"}");
        assertThatThrownBy(() -> Reranker.open(model.toString(), OPTIONS))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("config_sentence_transformers.json: activation_fn is ");
    }

    private static final String MODULES =
            "[{\"idx\":0,\"name\":\"0\",\"path\":\"\",\"type\":\"sentence_transformers.base.modules.transformer.Transformer\"}]";

    static final String PROMPTS = "{\"model_type\":\"%s\",\"prompts\":{\"search\":\"Find: \"},"
            + "\"default_prompt_name\":\"search\",\"activation_fn\":\"torch.nn.modules.linear.Identity\"}";

    private static void copy(String name, Path to) throws IOException {
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json")) {
            Files.copy(folder.resolve(name).resolve(file), to.resolve(file));
        }
    }

    static float[] scores(Path model, String query) throws IOException {
        try (Reranker reranker = Reranker.open(model.toString(), OPTIONS)) {
            return reranker.scores(query, TEXTS);
        }
    }

    /** Only where modules and type are a CrossEncoder's: of other folders sentence-transformers does not read it. */
    @Test
    void theUsualPromptStandsBeforeTheQuery(@TempDir Path model) throws IOException {
        copy("scores", model);
        float[] plain = scores(model, QUERY);
        float[] asked = scores(model, "Find: " + QUERY);
        assertThat(asked).isNotEqualTo(plain);
        Files.writeString(model.resolve("config_sentence_transformers.json"), PROMPTS.formatted("CrossEncoder"));
        assertThat(scores(model, QUERY)).containsExactly(plain);
        Files.writeString(model.resolve("modules.json"), MODULES);
        assertThat(scores(model, QUERY)).containsExactly(asked);
        Path saved = model.resolve("saved");
        try (Reranker reranker = Reranker.open(model.toString(), OPTIONS)) {
            reranker.model().encoder().save(saved, reranker.model().files().tokenizer(), ModelWriter.Existing.KEEP);
        }
        assertThat(scores(saved, QUERY)).containsExactly(asked);
        assertThat(saved.resolve("modules.json")).exists();
    }

    @Test
    void theUsualPromptStandsBeforeTheFirstTextOfAPairThatIsClassified(@TempDir Path model) throws IOException {
        copy("classes", model);
        Files.writeString(model.resolve("modules.json"), MODULES);
        Path settings = model.resolve("config_sentence_transformers.json");
        Files.writeString(settings, PROMPTS.formatted("SentenceTransformer"));
        double[] asked = probabilities(model, "Find: " + QUERY);
        assertThat(probabilities(model, QUERY)).isNotEqualTo(asked);
        Files.writeString(settings, PROMPTS.formatted("CrossEncoder"));
        assertThat(probabilities(model, QUERY)).containsExactly(asked);
    }

    private static double[] probabilities(Path model, String first) throws IOException {
        try (var classifier = TextClassifier.open(model.toString(), OPTIONS)) {
            return classifier
                    .classify(first, "a letter", Budget.FULL, Deadline.NONE)
                    .probabilities();
        }
    }

    @Test
    void aChatTemplateIsRefused(@TempDir Path model) throws IOException {
        copy("scores", model);
        Path file = model.resolve("sentence_bert_config.json");
        Files.writeString(file, "{\"modality_config\":{\"text\":{\"method\":\"forward\"}}}");
        assertThat(scores(model, QUERY)).hasSameSizeAs(TEXTS);
        Files.writeString(file, "{\"modality_config\":{\"text\":{},\"message\":{\"format\":\"flat\"}}}");
        assertThatThrownBy(() -> Reranker.open(model.toString(), OPTIONS))
                .isInstanceOf(BadFileException.class)
                .hasMessage(file
                        + ": modality_config is {\"text\":{},\"message\":{\"format\":\"flat\"}}; supported: message,"
                        + " a chat template, of Qwen3-Reranker and mxbai-rerank-v2, and of all others text");
    }

    @Test
    void nullTextsAreNamed() throws IOException {
        try (Reranker reranker = open()) {
            assertThatThrownBy(() -> reranker.scores(QUERY, Arrays.asList("a", null)))
                    .isInstanceOf(NullPointerException.class)
                    .hasMessage("rerank: text 2 of 2 is null; leave it out, or give \"\"");
            assertThatThrownBy(() -> reranker.scores(null, TEXTS))
                    .isInstanceOf(NullPointerException.class)
                    .hasMessage("rerank: the query is null");
        }
        assertThatThrownBy(() -> new TextClassifier.Pair("a", null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("classify: the second text of a pair is null");
    }

    @Test
    void aModelOfSingleTextsIsRefused() throws IOException {
        Path single = folder.resolve("single");
        Files.createDirectory(single);
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json")) {
            Files.copy(folder.resolve("scores").resolve(file), single.resolve(file));
        }
        Path tokenizer = single.resolve("tokenizer.json");
        String json = Files.readString(tokenizer, StandardCharsets.UTF_8);
        int from = json.indexOf("\"pair\"");
        int to = json.indexOf("\"special_tokens\"");
        Files.writeString(tokenizer, json.substring(0, from) + "\"pair\": []," + json.substring(to));
        assertThatThrownBy(() -> Reranker.open(single.toString(), OPTIONS))
                .hasMessage(single + ": gives scores of single texts: its tokenizer.json has no form for pairs;"
                        + " a cross-encoder is wanted here");
    }
}
