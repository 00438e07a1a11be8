package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.references.RandomModel;
import io.tokenwise.references.Reference;
import io.tokenwise.references.TorchScript;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenClassifierTest {
    private static final EngineOptions OPTIONS = EngineOptions.defaults()
            .withThreads(2)
            .withBackend(new BackendChoice(BackendChoice.Kind.VECTOR, Precision.F32));

    private static final List<String> TEXTS =
            List.of("George Washington went to Washington.", "", "the sea ".repeat(30), "Ünïcödé  letters", "x");

    private static final Map<String, Object> LABELS =
            Map.of("0", "O", "1", "B-PER", "2", "I-PER", "3", "B-LOC", "4", "I-LOC");

    @TempDir
    private static Path folder;

    private static RandomModel write(String family, String type, String name, String prefix) throws IOException {
        Map<String, Object> config = new HashMap<>(Map.of(
                "architectures", List.of(name + "ForTokenClassification"), "model_type", type, "vocab_size", 30_522));
        config.putAll(Map.of("id2label", LABELS, "pad_token_id", 1, "tokens", true));
        if (type.equals("electra")) {
            config.put("embedding_size", 48);
        }
        RandomModel random = RandomModel.small(family, config, 5).with("classifiers", Map.of("num_labels", 5), 6);
        Path model = folder.resolve(type);
        random.write(model, prefix);
        try (ModelFiles minilm = TestModels.files("minilm")) {
            Files.write(model.resolve("tokenizer.json"), minilm.tokenizer().json());
        }
        return random;
    }

    private static TokenClassifier bert() throws IOException {
        write("bert", "bert", "Bert", "bert.");
        return TokenClassifier.open(folder.resolve("bert").toString(), OPTIONS);
    }

    @ParameterizedTest
    @CsvSource({
        "bert,bert,Bert,bert.",
        "bert,roberta,Roberta,roberta.",
        "bert,camembert,Camembert,roberta.",
        "bert,electra,Electra,electra.",
        "deberta_v2,deberta-v2,DebertaV2,deberta.",
        "distilbert,distilbert,DistilBert,distilbert.",
        "mpnet,mpnet,MPNet,mpnet.",
        "t5,t5,T5,transformer.",
        "new,new,New,new.",
        "qwen2,qwen2,Qwen2,model.",
        "qwen3,qwen3,Qwen3,model.",
        "gemma3,gemma3_text,Gemma3Text,model.",
        "modernbert,modernbert,ModernBert,model."
    })
    void probabilitiesAreThoseOfTorchsLogits(String family, String type, String name, String prefix)
            throws IOException {
        assumeThat(TorchScript.isAvailable()).as("libtorch").isTrue();
        RandomModel random = write(family, type, name, prefix);
        try (TokenClassifier classifier =
                        TokenClassifier.open(folder.resolve(type).toString(), OPTIONS);
                Reference torch = random.reference();
                Reference head = random.reference("classifiers")) {
            assertThat(classifier.labels()).containsExactly("O", "B-PER", "I-PER", "B-LOC", "I-LOC");
            Tokenizer tokenizer = classifier.model().files().tokenizer();
            List<List<LabelledToken>> all = classifier.tokens(TEXTS, Budget.FULL, Deadline.NONE);
            for (int i = 0; i < TEXTS.size(); i++) {
                int[] ids = tokenizer.encode(TEXTS.get(i)).ids();
                float[][] logits = head.run(torch.run(ids).last()).part("logits");
                List<LabelledToken> tokens = all.get(i);
                // Without what is around a text.
                assertThat(tokens).hasSize(ids.length - 2);
                for (int k = 0; k < tokens.size(); k++) {
                    Classification wanted = Classification.of(logits[k + 1], classifier.labels());
                    assertThat(tokens.get(k).token().id()).isEqualTo(ids[k + 1]);
                    assertThat(tokens.get(k).label()).isEqualTo(wanted.label());
                    assertThat(tokens.get(k).score()).isCloseTo(wanted.probability(), within(1e-4));
                }
            }
        }
    }

    @Test
    void aTextHasTheSameBitsAloneAndAmongOthersAndPlacesInItsChars() throws IOException {
        try (TokenClassifier classifier = bert()) {
            List<List<LabelledToken>> together = classifier.tokens(TEXTS, Budget.FULL, Deadline.NONE);
            for (int i = 0; i < TEXTS.size(); i++) {
                String text = TEXTS.get(i);
                assertThat(classifier.tokens(text)).isEqualTo(together.get(i));
                for (LabelledToken each : together.get(i)) {
                    String piece = text.substring(
                            each.token().startChar(), each.token().endChar());
                    assertThat(each.token().text().replaceFirst("^##", "")).hasSameSizeAs(piece);
                }
            }
            assertThat(together.get(1)).isEmpty();
            assertThat(classifier.entities("")).isEmpty();
            assertThat(classifier.entities(TEXTS))
                    .isEqualTo(classifier.entities(TEXTS, Aggregation.SIMPLE, Budget.FULL));
            assertThat(classifier.tokens(List.of(), Budget.FULL, Deadline.NONE)).isEmpty();
        }
    }

    @Test
    void windowsCountAsTheTextThatTheyAreOf() throws IOException {
        write("bert", "bert", "Bert", "bert.");
        String model = folder.resolve("bert").toString();
        try (var classifier = TokenClassifier.open(model, OPTIONS.withBatchTokens(64))) {
            Thread.currentThread().interrupt();
            try {
                List<String> texts = List.of("x", "the sea ".repeat(200), "y");
                assertThatThrownBy(() -> classifier.tokens(texts, Budget.FULL, Deadline.NONE))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("interrupted after 1 of 3 texts");
            } finally {
                Thread.interrupted();
            }
        }
    }

    /** What lies in the first window is what a text has that ends there; each token of a long text is told once. */
    @Test
    void longTextsAreReadInWindows() throws IOException {
        try (TokenClassifier classifier = bert()) {
            String text = "George Washington crossed the unfathomable Delaware. ".repeat(40);
            List<LabelledToken> tokens = classifier.tokens(text);
            int[] ids = classifier.model().files().tokenizer().encodeAll(text);
            assertThat(tokens.stream().mapToInt(each -> each.token().id()).toArray())
                    .isEqualTo(ids);
            assertThat(ids.length).isGreaterThan(3 * classifier.maxTokens());
            Tokenizer tokenizer = classifier.model().files().tokenizer();
            int room = classifier.maxTokens() - 2;
            List<TextWindows.Window> windows =
                    TextWindows.of(ids, tokenizer, room).windows();
            int next = 0;
            for (TextWindows.Window window : windows) {
                assertThat(window.first()).isEqualTo(next);
                // What is before it is seen too, but for the first.
                assertThat(window.first() - window.from()).isBetween(Math.min(1, next), room / 8);
                assertThat(window.to() - window.from()).isLessThanOrEqualTo(room);
                assertThat(tokenizer.continuesWord(ids[window.from()])).isFalse();
                boolean last = window.to() == ids.length;
                assertThat(window.to() - window.end()).isGreaterThanOrEqualTo(last ? 0 : room / 8);
                next = window.end();
            }
            assertThat(next).isEqualTo(ids.length);
            TextWindows.Window second = windows.get(1);
            int[] alone =
                    IntStream.range(second.from(), second.to()).map(i -> ids[i]).toArray();
            float[][] logits = classifier.model()
                    .encodeTokens(List.of(tokenizer.surrounded(alone)), null, List.of(Budget.FULL), Deadline.NONE)[0];
            for (int i = second.first(); i < second.end(); i++) {
                float[] own = logits[1 + i - second.from()];
                assertThat(tokens.get(i).score())
                        .isEqualTo(Classification.of(own, classifier.labels()).probability());
            }
        }
    }

    @ParameterizedTest(name = "{0}: {2}")
    @CsvSource(
            delimiter = '|',
            value = {
                "SIMPLE | micro ##soft com ##pany | B-ORG I-ORG O O             | ORG:microsoft",
                "SIMPLE | micro ##soft com ##pany | B-ORG O I-ORG I-PER         | ORG:micro ORG:com PER:pany",
                "FIRST  | micro ##soft com ##pany | B-ORG I-NAME I-ORG I-NAME   | ORG:microsoft company",
                "FIRST  | micro ##soft com ##pany | O B-ORG B-ORG O             | ORG:company",
                "SIMPLE | a b c d                 | B-ORG B-ORG I-ORG I-PER     | ORG:a ORG:b c PER:d",
                "SIMPLE | a b c d                 | ORG ORG O PER               | ORG:a b PER:d",
                "SIMPLE | a b c d                 | B-PER I-PER E-PER S-PER     | PER:a b c PER:d",
                "SIMPLE | a b c d                 | B-PER L-PER U-LOC U-LOC     | PER:a b LOC:c LOC:d",
                "SIMPLE | a b c d                 | I-PER I-PER I-LOC O         | PER:a b LOC:c",
            })
    void labelsBecomeEntitiesAsInTransformers(Aggregation aggregation, String pieces, String labels, String wanted) {
        var tokens = new ArrayList<LabelledToken>();
        var text = new StringBuilder();
        String[] words = pieces.split(" ");
        for (int i = 0; i < words.length; i++) {
            boolean goesOn = words[i].startsWith("##");
            text.append(goesOn || i == 0 ? "" : " ");
            int start = text.length();
            text.append(words[i].replace("##", ""));
            var token = new TextToken(i, words[i], start, text.length(), false);
            tokens.add(new LabelledToken(token, labels.split(" ")[i], .5 + i / 8.0));
        }
        var groups = new EntityGroups(
                aggregation, id -> words[id].startsWith("##"), List.of("O", "B-ORG", "E-ORG", "S-ORG"));
        List<Entity> entities = groups.of(text.toString(), tokens);
        assertThat(String.join(
                        " ",
                        entities.stream().map(e -> e.label() + ":" + e.text()).toList()))
                .isEqualTo(wanted);
        assertThat(entities)
                .allSatisfy(e ->
                        assertThat(text.substring(e.startChar(), e.endChar())).isEqualTo(e.text()));
    }

    @Test
    void aScoreIsTheMeanOfItsTokens() {
        var groups = new EntityGroups(Aggregation.SIMPLE, id -> false, List.of("O", "B-A"));
        List<LabelledToken> tokens = List.of(
                new LabelledToken(new TextToken(1, "x", 0, 2, false), "B-A", .5),
                new LabelledToken(new TextToken(2, "y", 2, 4, false), "I-A", .75));
        assertThat(groups.of(" x y", tokens)).containsExactly(new Entity("A", .625, 1, 4, "x y"));
    }

    @Test
    void learnersUnderTheHeadAndWhatIsSaved() throws IOException {
        try (TokenClassifier classifier = bert()) {
            List<List<LabelledToken>> dense = classifier.tokens(TEXTS, Budget.FULL, Deadline.NONE);
            List<int[]> inputs = TEXTS.stream()
                    .map(text ->
                            classifier.model().files().tokenizer().encode(text).ids())
                    .toList();
            TestModels.acmize(classifier.model().encoder(), AdaptiveLayers.parse("mlp,vo", 2), inputs);
            TestModels.randomizeGates(classifier.model().encoder(), .3);
            Path saved = folder.resolve("adaptive");
            classifier.model().encoder().save(saved, classifier.model().files().tokenizer(), ModelWriter.Existing.KEEP);
            try (TokenClassifier again = TokenClassifier.open(saved.toString(), OPTIONS)) {
                assertThat(again.isAdaptive()).isTrue();
                assertThat(again.labels()).isEqualTo(classifier.labels());
                List<List<LabelledToken>> full = again.tokens(TEXTS, Budget.FULL, Deadline.NONE);
                for (int i = 0; i < TEXTS.size(); i++) {
                    for (int k = 0; k < full.get(i).size(); k++) {
                        assertThat(full.get(i).get(k).score())
                                .isCloseTo(dense.get(i).get(k).score(), within(1e-4));
                    }
                }
                assertThat(again.tokens(TEXTS, Budget.flops(.5), Deadline.NONE)).isNotEqualTo(full);
            }
        }
    }

    @Test
    void aDeadlineThatHasPassedEndsTheSearchForEntities() throws IOException {
        try (TokenClassifier classifier = bert()) {
            assertThatThrownBy(() ->
                            classifier.entities(TEXTS, Aggregation.SIMPLE, Budget.FULL, Deadline.in(Duration.ZERO)))
                    .isInstanceOf(DeadlineException.class);
        }
    }

    @Test
    void eachDoorRefusesOtherModels() throws IOException {
        bert().close();
        String model = folder.resolve("bert").toString();
        assertThatThrownBy(() -> TextEncoder.open(model, OPTIONS))
                .hasMessage(model + ": is a token classifier; a text encoder is wanted here");
        assertThatThrownBy(() -> TextClassifier.open(model, OPTIONS))
                .hasMessage(model + ": is a token classifier; a text classifier is wanted here");
        assertThatThrownBy(() -> TokenClassifier.open("minilm", OPTIONS))
                .hasMessage("minilm: is a text encoder; a token classifier is wanted here");
        try (TokenClassifier classifier = TokenClassifier.open(model, OPTIONS)) {
            assertThatThrownBy(() -> classifier.model().encode(List.of(new int[] {1, 2}), List.of(Budget.FULL)))
                    .hasMessage(model + " gives something for each token, not for an input");
        }
        try (TextEncoder encoder = TextEncoder.open("minilm", OPTIONS)) {
            assertThatThrownBy(() -> encoder.model()
                            .encodeTokens(List.of(new int[] {1}), null, List.of(Budget.FULL), Deadline.NONE))
                    .hasMessage("minilm gives something for each input as a whole, not for each token");
        }
    }
}
