package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.RandomModel;
import io.tokenwise.references.Reference;
import io.tokenwise.references.TorchScript;
import io.tokenwise.tokenizer.TokenTypes;
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
        try (ModelFiles minilm = Models.builtIn("minilm")) {
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
            List<Classification> classes = classifier.classify(TEXTS, Budget.FULL);
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

    /** Each with its own head: of RoBERTa the dense layer is the classifier's, DistilBERT has ReLU. */
    @ParameterizedTest
    @CsvSource({
        "bert,roberta,Roberta,roberta.",
        "bert,xlm-roberta,XLMRoberta,roberta.",
        "distilbert,distilbert,DistilBert,distilbert."
    })
    void relativesHaveTheirOwnHeads(String family, String type, String name, String prefix) throws IOException {
        assumeThat(TorchScript.isAvailable()).as("libtorch").isTrue();
        Map<String, Object> config = Map.of(
                "architectures",
                List.of(name + "ForSequenceClassification"),
                "model_type",
                type,
                "vocab_size",
                30_522,
                "pad_token_id",
                1);
        RandomModel random = RandomModel.small(family, config, 5).with("classifiers", Map.of("num_labels", 3), 6);
        Path model = folder.resolve(type);
        random.write(model, prefix);
        try (ModelFiles minilm = Models.builtIn("minilm")) {
            Files.write(model.resolve("tokenizer.json"), minilm.tokenizer().json());
        }
        try (TextClassifier classifier = TextClassifier.open(model.toString(), OPTIONS);
                Reference torch = random.reference();
                Reference head = random.reference("classifiers")) {
            for (String text : TEXTS) {
                int[] ids = classifier.model().files().tokenizer().encode(text).ids();
                float[] logits = head.run(torch.run(ids).last()).part("logits")[0];
                compare(classifier.classify(text), logits, classifier.labels());
            }
        }
    }

    private static void compare(Classification ours, float[] logits, List<String> labels) {
        Classification wanted = Classification.of(logits, labels);
        assertThat(ours.label()).isEqualTo(wanted.label());
        assertThat(ours.probabilities()).containsExactly(wanted.probabilities(), within(1e-4));
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
        write("labels", Map.of("id2label", Map.of("0", "bad")));
        String labels = folder.resolve("labels").toString();
        assertThatThrownBy(() -> TextClassifier.open(labels, OPTIONS))
                .hasMessageEndingWith("config.json: id2label has 1 labels, num_labels is 3");
        write("holes", Map.of("id2label", Map.of("0", "bad", "1", "good", "7", "odd")));
        String holes = folder.resolve("holes").toString();
        assertThatThrownBy(() -> TextClassifier.open(holes, OPTIONS))
                .hasMessageEndingWith("config.json: id2label has no label 2; must have one of each class");
        assertThatThrownBy(() -> TextClassifier.open("minilm", OPTIONS))
                .hasMessage("minilm: is a text encoder; a text classifier is wanted here");
    }
}
