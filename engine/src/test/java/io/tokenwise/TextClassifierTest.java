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
import io.tokenwise.io.Safetensors;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.TextArchitecture;
import io.tokenwise.references.RandomModel;
import io.tokenwise.references.Reference;
import io.tokenwise.references.TorchScript;
import io.tokenwise.tokenizer.TokenTypes;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import tools.jackson.databind.json.JsonMapper;

class TextClassifierTest {
    private static final EngineOptions OPTIONS = EngineOptions.defaults()
            .withThreads(2)
            .withBackend(new BackendChoice(BackendChoice.Kind.VECTOR, Precision.F32));

    private static final List<String> TEXTS = List.of("a man wrote a letter", "the sea ".repeat(100), "x");

    @TempDir
    private static Path folder;

    private static RandomModel write(String name, Map<String, Object> changes) throws IOException {
        Map<String, Object> config = new HashMap<>(Map.of(
                "architectures", List.of("BertForSequenceClassification"), "vocab_size", 30_522, "type_vocab_size", 2));
        config.putAll(changes);
        RandomModel model = RandomModel.small("bert", config, 5).with("classifiers", Map.of("num_labels", 3), 6);
        model.write(folder.resolve(name), "bert.");
        try (ModelFiles minilm = TestModels.files("minilm")) {
            Files.write(
                    folder.resolve(name).resolve("tokenizer.json"),
                    minilm.tokenizer().json());
        }
        return model;
    }

    @Test
    void probabilitiesAreThoseOfTorchsLogits() throws IOException {
        assumeThat(TorchScript.isAvailable()).as("libtorch").isTrue();
        Map<String, Object> labels = Map.of("id2label", Map.of("0", "bad", "1", "good", "2", "neither"));
        RandomModel random = write("one", labels);
        try (TextClassifier classifier =
                        TextClassifier.open(folder.resolve("one").toString(), OPTIONS);
                Reference torch = random.reference();
                Reference head = random.reference("classifiers")) {
            assertThat(classifier.labels()).containsExactly("bad", "good", "neither");
            Tokenizer tokenizer = classifier.model().files().tokenizer();
            List<Classification> classes = classifier.classify(TEXTS);
            for (int i = 0; i < TEXTS.size(); i++) {
                int[] ids = tokenizer.encode(TEXTS.get(i)).ids();
                compare(classes.get(i), head.run(torch.run(ids).last()).part("logits")[0], classifier.labels());
                assertThat(Arrays.stream(classes.get(i).probabilities()).sum()).isCloseTo(1, within(1e-9));
            }
            int[] pair =
                    tokenizer.encodePair("a", "b c", classifier.maxTokens()).ids();
            int[] ids = Arrays.stream(pair).map(TokenTypes::id).toArray();
            int[] types = Arrays.stream(pair).map(TokenTypes::type).toArray();
            compare(
                    classifier.classify("a", "b c"),
                    head.run(torch.run(ids, types).last()).part("logits")[0],
                    classifier.labels());
        }
    }

    @Test
    void manyPairsAreClassifiedAsEachAlone() throws IOException {
        write("pairs", Map.of());
        var pairs = List.of(
                new TextClassifier.Pair("a", "b c"),
                new TextClassifier.Pair("b c", "a"),
                new TextClassifier.Pair("a longer one " + "b ".repeat(30), ""));
        try (TextClassifier classifier =
                TextClassifier.open(folder.resolve("pairs").toString(), OPTIONS)) {
            List<Classification> together = classifier.classifyPairs(pairs, Budget.FULL, Deadline.NONE);
            for (int i = 0; i < pairs.size(); i++) {
                Classification alone =
                        classifier.classify(pairs.get(i).first(), pairs.get(i).second());
                assertThat(together.get(i).probabilities()).isEqualTo(alone.probabilities());
            }
            assertThat(together.get(0).probabilities())
                    .isNotEqualTo(together.get(1).probabilities());
        }
    }

    @Test
    void aDeadlineThatHasPassedEndsCallsOfTextsAndOfPairs() throws IOException {
        write("late", Map.of());
        var passed = Deadline.in(Duration.ZERO);
        try (TextClassifier classifier =
                TextClassifier.open(folder.resolve("late").toString(), OPTIONS)) {
            assertThatThrownBy(() -> classifier.classify(TEXTS, Budget.FULL, passed))
                    .isInstanceOf(DeadlineException.class)
                    .hasMessage("the deadline passed after 0 of 3 texts");
            assertThatThrownBy(() -> classifier.classify("a", "b", Budget.FULL, passed))
                    .isInstanceOf(DeadlineException.class);
        }
    }

    /**
     * A family's own head.
     *
     * @param prefix of the model's tensors in the file
     * @param changes of what its config says otherwise
     */
    record Relative(String family, String type, String name, String prefix, Map<String, Object> changes) {
        @Override
        public String toString() {
            return type + changes;
        }
    }

    static final List<Relative> RELATIVES = List.of(
            new Relative("bert", "roberta", "Roberta", "roberta.", Map.of("type_vocab_size", 1)),
            new Relative("bert", "xlm-roberta", "XLMRoberta", "roberta.", Map.of("type_vocab_size", 1)),
            new Relative("bert", "electra", "Electra", "electra.", Map.of("embedding_size", 48)),
            new Relative("deberta_v2", "deberta-v2", "DebertaV2", "deberta.", Map.of()),
            new Relative("deberta_v2", "deberta-v2", "DebertaV2", "deberta.", Map.of("type_vocab_size", 2)),
            new Relative("distilbert", "distilbert", "DistilBert", "distilbert.", Map.of()),
            new Relative("mpnet", "mpnet", "MPNet", "mpnet.", Map.of()),
            new Relative("jina_bert", "bert", "JinaBert", "bert.", Map.of()),
            new Relative("new", "new", "New", "new.", Map.of()),
            new Relative("new", "new", "New", "new.", Map.of("type_vocab_size", 0)),
            new Relative("qwen2", "qwen2", "Qwen2", "model.", Map.of()),
            new Relative("qwen3", "qwen3", "Qwen3", "model.", Map.of()),
            new Relative("gemma3", "gemma3_text", "Gemma3Text", "model.", Map.of("use_bidirectional_attention", false)),
            new Relative("modernbert", "modernbert", "ModernBert", "model.", Map.of("classifier_bias", true)),
            new Relative(
                    "modernbert",
                    "modernbert",
                    "ModernBert",
                    "model.",
                    Map.of("classifier_pooling", "mean", "norm_bias", false, "classifier_activation", "silu")));

    /** Of RoBERTa the dense layer is the classifier's, ELECTRA has GELU there, DistilBERT ReLU, ModernBERT a norm, and it may pool the mean; of decoders the last token is read. */
    @ParameterizedTest
    @FieldSource("RELATIVES")
    void relativesHaveTheirOwnHeads(Relative relative, @TempDir Path model) throws IOException {
        assumeThat(TorchScript.isAvailable()).as("libtorch").isTrue();
        Map<String, Object> config = new HashMap<>(relative.changes());
        config.putAll(Map.of(
                "architectures",
                List.of(relative.name() + "ForSequenceClassification"),
                "model_type",
                relative.type(),
                "vocab_size",
                30_522,
                "pad_token_id",
                1));
        RandomModel random =
                RandomModel.small(relative.family(), config, 5).with("classifiers", Map.of("num_labels", 3), 6);
        random.write(model, relative.prefix());
        try (ModelFiles minilm = TestModels.files("minilm")) {
            Files.write(model.resolve("tokenizer.json"), minilm.tokenizer().json());
        }
        try (TextClassifier classifier = TextClassifier.open(model.toString(), OPTIONS);
                Reference torch = random.reference();
                Reference head = random.reference("classifiers")) {
            Tokenizer tokenizer = classifier.model().files().tokenizer();
            for (String text : TEXTS) {
                int[] ids = tokenizer.encode(text).ids();
                float[] logits = head.run(torch.run(ids).last()).part("logits")[0];
                compare(classifier.classify(text, Budget.FULL), logits, classifier.labels());
            }
            int[] pair =
                    tokenizer.encodePair("a", "b c", classifier.maxTokens()).ids();
            int[] types = Arrays.stream(pair).map(TokenTypes::type).toArray();
            boolean typed = classifier.model().files().description().architecture() instanceof TextArchitecture sizes
                    && sizes.types() > 1;
            assertThat(Arrays.stream(types).anyMatch(type -> type > 0)).isEqualTo(typed);
            float[] logits = head.run(
                            torch.run(Arrays.stream(pair).map(TokenTypes::id).toArray(), types)
                                    .last())
                    .part("logits")[0];
            compare(classifier.classify("a", "b c"), logits, classifier.labels());
            assertSavedTheSame(model, classifier);
        }
    }

    /** With the names of tensors, and the class, that transformers wants. */
    private static void assertSavedTheSame(Path model, TextClassifier classifier) throws IOException {
        Path saved = model.resolve("saved");
        classifier.model().encoder().save(saved, classifier.model().files().tokenizer(), ModelWriter.Existing.KEEP);
        try (TextClassifier again = TextClassifier.open(saved.toString(), OPTIONS);
                Safetensors before = Safetensors.open(model.resolve("model.safetensors"));
                Safetensors after = Safetensors.open(saved.resolve("model.safetensors"))) {
            for (String text : TEXTS) {
                assertThat(again.classify(text).probabilities())
                        .isEqualTo(classifier.classify(text).probabilities());
            }
            assertThat(after.names()).hasSameElementsAs(before.names());
            JsonMapper json = JsonMapper.shared();
            assertThat(json.readTree(saved.resolve("config.json")).get("architectures"))
                    .isEqualTo(json.readTree(model.resolve("config.json")).get("architectures"));
        }
    }

    @Test
    void typesThatTheModelHasNotAreRefusedWhenItIsOpened() throws IOException {
        write("types", Map.of());
        Path tokenizer = folder.resolve("types").resolve("tokenizer.json");
        String json = Files.readString(tokenizer);
        assertThat(json).contains("\"type_id\": 1");
        Files.writeString(tokenizer, json.replace("\"type_id\": 1", "\"type_id\": 2"));
        assertThatThrownBy(() -> TextClassifier.open(folder.resolve("types").toString(), OPTIONS))
                .isInstanceOf(BadFileException.class)
                .hasMessage(tokenizer + ": gives tokens of pairs the type 2, the model has only 0 to 1");
    }

    private static void compare(Classification ours, float[] logits, List<String> labels) {
        Classification wanted = Classification.of(logits, labels);
        assertThat(ours.label()).isEqualTo(wanted.label());
        assertThat(ours.probabilities()).containsExactly(wanted.probabilities(), within(1e-4));
    }

    /** transformers reads the last token that is no padding, whatever the tokenizer puts behind a text. */
    @Test
    void whatEndsTextsMustNotBePaddingWhereTheLastTokenIsRead(@TempDir Path model) throws IOException {
        Map<String, Object> config = Map.of(
                "architectures", List.of("Qwen3ForSequenceClassification"), "vocab_size", 30_522, "pad_token_id", 102);
        RandomModel.small("qwen3", config, 5)
                .with("classifiers", Map.of("num_labels", 3), 6)
                .write(model, "model.");
        try (ModelFiles minilm = TestModels.files("minilm")) {
            Files.write(model.resolve("tokenizer.json"), minilm.tokenizer().json());
        }
        assertThatThrownBy(() -> TextClassifier.open(model.toString(), OPTIONS))
                .isInstanceOf(BadFileException.class)
                .hasMessage(model.resolve("tokenizer.json") + ": ends texts with token 102, which is config.json's"
                        + " pad_token_id too: transformers would read the token before it; change one of them");
    }

    @Test
    void ofSeveralClassesEachHasAProbabilityOfItsOwn() throws IOException {
        write("several", Map.of("problem_type", "multi_label_classification"));
        write("single", Map.of());
        try (TextClassifier several =
                        TextClassifier.open(folder.resolve("several").toString(), OPTIONS);
                TextClassifier single =
                        TextClassifier.open(folder.resolve("single").toString(), OPTIONS)) {
            assertThat(several.labels()).containsExactly("LABEL_0", "LABEL_1", "LABEL_2");
            double[] each = several.classify(TEXTS.getFirst()).probabilities();
            double[] one = single.classify(TEXTS.getFirst()).probabilities();
            for (int c = 1; c < 3; c++) {
                double odds = each[c] / (1 - each[c]) / (each[0] / (1 - each[0]));
                assertThat(odds).isCloseTo(one[c] / one[0], within(1e-4 * odds));
            }
        }
    }

    @Test
    void badConfigsAndOtherModelsAreRefused() throws IOException {
        write("values", Map.of("problem_type", "regression"));
        String values = folder.resolve("values").toString();
        assertThatThrownBy(() -> TextClassifier.open(values, OPTIONS))
                .hasMessageEndingWith("config.json: problem_type is \"regression\"; supported:"
                        + " single_label_classification or multi_label_classification");
        write("holes", Map.of("id2label", Map.of("0", "bad", "1", "good", "7", "odd")));
        String holes = folder.resolve("holes").toString();
        assertThatThrownBy(() -> TextClassifier.open(holes, OPTIONS))
                .hasMessageEndingWith("config.json: id2label has no label 2; must have one of each class");
        write("numbers", Map.of("id2label", Map.of("0", 1, "1", 2, "2", 3)));
        try (TextClassifier stars =
                TextClassifier.open(folder.resolve("numbers").toString(), OPTIONS)) {
            assertThat(stars.labels()).containsExactly("1", "2", "3");
        }
        assertThatThrownBy(() -> TextClassifier.open("minilm", OPTIONS))
                .hasMessage("minilm: is a text encoder; a text classifier is wanted here");
    }

    /** As in transformers, which only warns. */
    @Test
    void namesOfClassesCountAndANumberBesideThemDoesNot() throws IOException {
        write("stale", Map.of("id2label", Map.of("0", "bad", "1", "fair", "2", "good"), "num_labels", 2));
        try (TextClassifier three = TextClassifier.open(folder.resolve("stale").toString(), OPTIONS)) {
            assertThat(three.labels()).containsExactly("bad", "fair", "good");
        }
    }
}
