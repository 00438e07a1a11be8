package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.io.Safetensors;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.RowMemory;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.RandomModel;
import io.tokenwise.references.Reference;
import io.tokenwise.references.TorchScript;
import io.tokenwise.session.Sessions;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a masked-LM head gives: sparse vectors of texts, and guesses of hidden tokens. */
class SparseEncoderTest {
    private static final EngineOptions OPTIONS = EngineOptions.defaults()
            .withThreads(2)
            .withBackend(new BackendChoice(BackendChoice.Kind.VECTOR, Precision.F32));

    /** More than 137 tokens together, of which logits are made at a time. */
    private static final List<String> TEXTS =
            List.of("rivers run to the sea", "the sea ".repeat(55), "x", "a man wrote a letter ".repeat(20), "");

    private static final String HIDDEN = "a man [MASK] a letter to his [MASK]";

    @TempDir
    private static Path folder;

    private static RandomModel write(String family, String type, String name, String prefix) throws IOException {
        return write(folder.resolve(type), family, type, name, prefix, Map.of());
    }

    /** @param changes of what its config says otherwise */
    static RandomModel write(Path model, String family, String type, String name, String prefix, Map<String, ?> changes)
            throws IOException {
        Map<String, Object> config = new HashMap<>(
                Map.of("architectures", List.of(name + "ForMaskedLM"), "model_type", type, "vocab_size", 30_522));
        config.putAll(Map.of("pad_token_id", 1, "type_vocab_size", 2));
        config.putAll(changes);
        RandomModel random = RandomModel.small(family, config, 7).with("masked", Map.of(), 8);
        random.write(model, prefix);
        try (ModelFiles minilm = TestModels.files("minilm")) {
            Files.write(model.resolve("tokenizer.json"), minilm.tokenizer().json());
        }
        return random;
    }

    private static String bert() throws IOException {
        write("bert", "bert", "Bert", "bert.");
        return folder.resolve("bert").toString();
    }

    @ParameterizedTest
    @CsvSource({
        "bert,bert,Bert,bert.",
        "bert,xlm-roberta,XLMRoberta,roberta.",
        "distilbert,distilbert,DistilBert,distilbert.",
        "mpnet,mpnet,MPNet,mpnet.",
        "jina_bert,bert,JinaBert,bert.",
        "new,new,New,new.",
        "modernbert,modernbert,ModernBert,model."
    })
    void weightsAndGuessesAreThoseOfTorch(String family, String type, String name, String prefix, @TempDir Path model)
            throws IOException {
        assumeThat(TorchScript.isAvailable()).as("libtorch").isTrue();
        assertTorchs(model.toString(), write(model, family, type, name, prefix, Map.of()));
    }

    /** The words' vectors are not those of the embeddings then; what is saved says so too. */
    @ParameterizedTest
    @CsvSource({
        "bert,bert,Bert,bert.,cls.predictions.decoder.weight",
        "bert,roberta,Roberta,roberta.,lm_head.decoder.weight",
        "distilbert,distilbert,DistilBert,distilbert.,vocab_projector.weight",
        "new,new,New,new.,lm_head.decoder.weight",
        "modernbert,modernbert,ModernBert,model.,decoder.weight"
    })
    void aHeadMayHaveATableOfItsOwn(
            String family, String type, String name, String prefix, String table, @TempDir Path model)
            throws IOException {
        assumeThat(TorchScript.isAvailable()).as("libtorch").isTrue();
        RandomModel random = write(model, family, type, name, prefix, Map.of("tie_word_embeddings", false));
        assertTorchs(model.toString(), random);
        Path saved = model.resolve("saved");
        try (MaskFiller filler = MaskFiller.open(model.toString(), OPTIONS)) {
            filler.model().encoder().save(saved, filler.model().files().tokenizer(), ModelWriter.Existing.KEEP);
        }
        try (Safetensors before = Safetensors.open(model.resolve("model.safetensors"));
                Safetensors after = Safetensors.open(saved.resolve("model.safetensors"))) {
            assertThat(after.names()).contains(table).hasSameElementsAs(before.names());
        }
        assertTorchs(saved.toString(), random);
    }

    /** A file that says it has a table of its own must have it. */
    @Test
    void aTableThatIsNotThereIsNamed(@TempDir Path model) throws IOException {
        write(model, "bert", "bert", "Bert", "bert.", Map.of());
        Path config = model.resolve("config.json");
        Files.writeString(config, Files.readString(config).replaceFirst("\\{", "{\"tie_word_embeddings\":false,"));
        assertThatThrownBy(() -> MaskFiller.open(model.toString(), OPTIONS))
                .hasMessageContaining("has no tensor cls.predictions.decoder.weight");
    }

    private static void assertTorchs(String model, RandomModel random) throws IOException {
        try (SparseEncoder encoder = SparseEncoder.open(model, OPTIONS);
                MaskFiller filler = MaskFiller.open(model, OPTIONS);
                Reference torch = random.reference();
                Reference words = random.reference("masked");
                Reference splade = random.reference("splade")) {
            Tokenizer tokenizer = encoder.model().files().tokenizer();
            List<SparseVector> vectors = encoder.embed(TEXTS, Budget.FULL);
            for (int i = 0; i < TEXTS.size(); i++) {
                int[] ids = tokenizer.encode(TEXTS.get(i)).ids();
                float[][] logits = words.run(torch.run(ids).last()).part("logits");
                assertNear(vectors.get(i), splade.run(logits).part("weights")[0]);
            }
            int[] ids = tokenizer.encode(HIDDEN).ids();
            float[][] logits = words.run(torch.run(ids).last()).part("logits");
            List<List<MaskFiller.Guess>> guesses = filler.fill(HIDDEN, 3);
            assertThat(guesses).hasSize(2);
            assertGuesses(guesses.get(0), logits[3]);
            assertGuesses(guesses.get(1), logits[8]);
        }
    }

    @Test
    void theHeadOfModernBertIsAsItsConfigSays(@TempDir Path model) throws IOException {
        assumeThat(TorchScript.isAvailable()).as("libtorch").isTrue();
        Map<String, ?> changes = Map.of("classifier_bias", true, "classifier_activation", "silu");
        assertTorchs(model.toString(), write(model, "modernbert", "modernbert", "ModernBert", "model.", changes));
        try (ModelFiles files = Models.open(model).sparse()) {
            assertThat(files.description().family().config(files.description()).toString())
                    .contains("\"classifier_bias\":true", "\"classifier_activation\":\"silu\"");
        }
    }

    @Test
    void headsThatAreNotReadAreRefusedWhereTheyAreAskedFor(@TempDir Path temp) throws IOException {
        Path jina = temp.resolve("jina");
        write(jina, "jina_bert", "bert", "JinaBert", "bert.", Map.of("hidden_act", "relu"));
        assertRefused(jina, "hidden_act is \"relu\"; supported: gelu");
        Path euro = temp.resolve("euro");
        write(euro, "eurobert", "eurobert", "EuroBert", "model.", Map.of());
        assertRefused(euro, "architectures is a masked-LM head of eurobert, which is not read");
        Path modern = temp.resolve("modern");
        write(modern, "modernbert", "modernbert", "ModernBert", "model.", Map.of("classifier_activation", "mish"));
        assertRefused(
                modern,
                "classifier_activation is \"mish\"; supported: gelu or gelu_pytorch_tanh or gelu_new or silu or swish"
                        + " or relu");
    }

    private static void assertRefused(Path model, String message) throws IOException {
        String wanted = model.resolve("config.json") + ": " + message;
        assertThatThrownBy(() -> SparseEncoder.open(model.toString(), OPTIONS)).hasMessage(wanted);
        assertThatThrownBy(() -> MaskFiller.open(model.toString(), OPTIONS)).hasMessage(wanted);
        TextEncoder.open(model.toString(), OPTIONS).close();
    }

    private static void assertNear(SparseVector found, float[] wanted) {
        var dense = new float[wanted.length];
        for (int i = 0; i < found.ids().length; i++) {
            dense[found.ids()[i]] = found.weights()[i];
        }
        double squares = 0;
        double largest = 0;
        for (int i = 0; i < wanted.length; i++) {
            squares += (double) wanted[i] * wanted[i];
            largest = Math.max(largest, Math.abs(dense[i] - wanted[i]));
        }
        assertThat(largest).isLessThan(1e-4 * Math.max(1, Math.sqrt(squares / wanted.length)));
        assertThat(found.ids().length).isBetween(wanted.length / 10, wanted.length);
    }

    private static void assertGuesses(List<MaskFiller.Guess> found, float[] logits) {
        double sum = 0;
        int best = 0;
        for (int i = 0; i < logits.length; i++) {
            sum += Math.exp(logits[i]);
            best = logits[i] > logits[best] ? i : best;
        }
        assertThat(found).hasSize(3);
        assertThat(found.getFirst().id()).isEqualTo(best);
        for (MaskFiller.Guess guess : found) {
            assertThat(guess.probability()).isCloseTo(Math.exp(logits[guess.id()]) / sum, within(1e-4));
        }
        assertThat(found.get(1).probability()).isLessThanOrEqualTo(found.get(0).probability());
    }

    @Test
    void aTextHasTheSameBitsAloneAndAmongOthers() throws IOException {
        String model = bert();
        try (SparseEncoder encoder = SparseEncoder.open(model, OPTIONS)) {
            List<SparseVector> together = encoder.embed(TEXTS);
            for (int i = 0; i < TEXTS.size(); i++) {
                assertThat(encoder.embed(TEXTS.get(i), Budget.FULL)).isEqualTo(together.get(i));
            }
            assertThat(encoder.embed(List.of(), Budget.FULL)).isEmpty();
            long limit = Sessions.memoryLimit(encoder.model().encoder(), OPTIONS.batchTokens());
            assertThat(encoder.model().sessions().workspaceBytes()).isLessThan(limit);
        }
        try (MaskFiller filler = MaskFiller.open(model, OPTIONS)) {
            List<List<List<MaskFiller.Guess>>> together =
                    filler.fill(List.of(HIDDEN, "[MASK] ".repeat(126)), 2, Budget.FULL, Deadline.NONE);
            assertThat(filler.fill(HIDDEN, 2)).isEqualTo(together.getFirst());
            assertThat(together.getLast()).hasSize(126);
        }
    }

    /** Of so many that logits are made twice. */
    @Test
    void aTextOfHiddenWordsAlone() throws IOException {
        Path model = folder.resolve("long");
        write(model, "bert", "bert", "Bert", "bert.", Map.of("max_position_embeddings", 220));
        try (MaskFiller filler = MaskFiller.open(model.toString(), OPTIONS)) {
            String text = "[MASK] ".repeat(200);
            int[] ids = filler.model().files().tokenizer().encode(text).ids();
            int[] places = IntStream.range(1, 201).toArray();
            assertThat(RowMemory.rowsAtOnce(30_522)).isLessThan(places.length);
            float[][] logits =
                    filler.model().encodeTokens(List.of(ids), List.of(places), List.of(Budget.FULL), Deadline.NONE)[0];
            assertThat(filler.fill(text, 1).stream()
                            .map(guesses -> guesses.getFirst().id()))
                    .containsExactlyElementsOf(
                            Stream.of(logits).map(Classification::likeliest).toList());
            Thread.currentThread().interrupt();
            try {
                assertThatThrownBy(() -> filler.fill(text, 1))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("interrupted after " + RowMemory.rowsAtOnce(30_522) + " of 200 hidden words");
                assertThatThrownBy(() -> filler.fill(List.of(HIDDEN, HIDDEN), 1, Budget.FULL, Deadline.NONE))
                        .hasMessage("interrupted after 2 of 4 hidden words");
            } finally {
                Thread.interrupted();
            }
        }
    }

    /** So many texts that vectors as long as the vocabulary are not made of all at once. */
    @Test
    void anInterruptIsSeenBetweenTwoBatches() throws IOException {
        int atOnce = RowMemory.rowsAtOnce(30_522);
        List<String> texts = Collections.nCopies(atOnce + 1, "a");
        try (SparseEncoder encoder = SparseEncoder.open(bert(), OPTIONS.withBatchTokens(3 * atOnce))) {
            Thread.currentThread().interrupt();
            try {
                assertThatThrownBy(() -> encoder.embed(texts, Budget.FULL))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("interrupted after " + atOnce + " of " + (atOnce + 1) + " texts");
            } finally {
                Thread.interrupted();
            }
        }
    }

    @Test
    void theHeaviestTokensComeFirstAndProductsAreOfWhatBothHave() throws IOException {
        try (SparseEncoder encoder = SparseEncoder.open(bert(), OPTIONS)) {
            SparseVector vector = encoder.embed(TEXTS.getFirst());
            List<WeightedToken> tokens = encoder.tokens(vector, 10);
            assertThat(tokens).hasSize(10).isSortedAccordingTo((a, b) -> Float.compare(b.weight(), a.weight()));
            assertThat(encoder.model().files().tokenizer().id(tokens.getFirst().text()))
                    .hasValue(tokens.getFirst().id());
            double squares = 0;
            for (float weight : vector.weights()) {
                squares += (double) weight * weight;
            }
            assertThat(vector.dot(vector)).isCloseTo(squares, within(1e-9 * squares));
        }
        var one = new SparseVector(new int[] {1, 5, 9}, new float[] {1, 2, 3});
        var other = new SparseVector(new int[] {2, 5, 9, 11}, new float[] {7, .5f, 2, 7});
        assertThat(one.dot(other)).isEqualTo(7).isEqualTo(other.dot(one));
        assertThatThrownBy(() -> new SparseVector(new int[] {5, 5}, new float[] {1, 1}))
                .hasMessage("a sparse vector whose ids do not ascend: 5 after 5");
    }

    /** Tables are often made longer than the vocabulary, to a multiple of 64. */
    @Test
    void idsThatNoTokenHasAreNotNamed(@TempDir Path model) throws IOException {
        write(model, "bert", "bert", "Bert", "bert.", Map.of("vocab_size", 30_592));
        try (SparseEncoder encoder = SparseEncoder.open(model.toString(), OPTIONS)) {
            SparseVector vector = encoder.embed(TEXTS.getFirst());
            assertThat(vector.ids()[vector.ids().length - 1]).isGreaterThanOrEqualTo(30_522);
            long named = Arrays.stream(vector.ids()).filter(id -> id < 30_522).count();
            assertThat(encoder.tokens(vector, Integer.MAX_VALUE)).hasSize((int) named);
        }
        try (MaskFiller filler = MaskFiller.open(model.toString(), OPTIONS)) {
            List<MaskFiller.Guess> all = filler.fill(HIDDEN, 40_000).getFirst();
            assertThat(all)
                    .hasSize(30_522)
                    .isSortedAccordingTo((a, b) -> Double.compare(b.probability(), a.probability()));
            assertThat(filler.fill(HIDDEN, 7).getFirst()).isEqualTo(all.subList(0, 7));
        }
    }

    @Test
    void learnersUnderTheHeadAndWhatIsSaved() throws IOException {
        try (SparseEncoder encoder = SparseEncoder.open(bert(), OPTIONS)) {
            List<SparseVector> dense = encoder.embed(TEXTS, Budget.FULL);
            Tokenizer tokenizer = encoder.model().files().tokenizer();
            List<int[]> inputs =
                    TEXTS.stream().map(text -> tokenizer.encode(text).ids()).toList();
            TestModels.acmize(encoder.model().encoder(), AdaptiveLayers.parse("mlp,vo", 2), inputs);
            TestModels.randomizeGates(encoder.model().encoder(), .3);
            Path saved = folder.resolve("saved");
            encoder.model().encoder().save(saved, tokenizer, ModelWriter.Existing.KEEP);
            assertThat(saved.resolve("1_SpladePooling/config.json")).exists();
            try (SparseEncoder again = SparseEncoder.open(saved.toString(), OPTIONS)) {
                assertThat(again.isAdaptive()).isTrue();
                List<SparseVector> full = again.embed(TEXTS, Budget.FULL);
                assertThat(full.getFirst().dot(full.getFirst()))
                        .isCloseTo(
                                dense.getFirst().dot(dense.getFirst()),
                                within(1e-3 * dense.getFirst().dot(dense.getFirst())));
                assertThat(again.embed(TEXTS, Budget.flops(.5))).isNotEqualTo(full);
                // As the file says it is for sparse vectors, but its head is there.
                try (MaskFiller filler = MaskFiller.open(saved.toString(), OPTIONS);
                        MaskFiller of = MaskFiller.open(folder.resolve("bert").toString(), OPTIONS)) {
                    assertThat(filler.fill(HIDDEN, 1).getFirst().getFirst().id())
                            .isEqualTo(of.fill(HIDDEN, 1).getFirst().getFirst().id());
                }
            }
        }
    }

    @Test
    void otherModelsAndModulesAreRefused() throws IOException {
        assertThatThrownBy(() -> SparseEncoder.open("minilm", OPTIONS))
                .hasMessage("minilm: is a text encoder without a masked-LM head; a sparse encoder is wanted here");
        assertThatThrownBy(() -> MaskFiller.open("minilm", OPTIONS))
                .hasMessage(
                        "minilm: is a text encoder without a masked-LM head; a masked language model is wanted here");
        String model = bert();
        try (MaskFiller filler = MaskFiller.open(model, OPTIONS)) {
            assertThatThrownBy(() -> filler.fill("nothing is hidden", 1))
                    .hasMessageStartingWith("a text has no [MASK] among the first 128 tokens");
            assertThatThrownBy(() -> filler.fill("[MASK]", 0)).hasMessage("top is 0, must be 1 or more");
        }
        // Who opens it for vectors leaves its head aside, as ever.
        TextEncoder.open(model, OPTIONS).close();
        Path pooling = Files.createDirectories(Path.of(model).resolve("1_SpladePooling"));
        Files.writeString(Path.of(model).resolve("modules.json"), """
                [{"idx":0,"name":"0","path":"","type":"sentence_transformers.sparse_encoder.models.MLMTransformer"},
                 {"idx":1,"name":"1","path":"1_SpladePooling","type":"sentence_transformers.sparse_encoder.models.SpladePooling"}]
                """);
        Files.writeString(pooling.resolve("config.json"), "{\"pooling_strategy\":\"sum\"}");
        assertThatThrownBy(() -> SparseEncoder.open(model, OPTIONS))
                .hasMessageEndingWith("config.json: pooling_strategy is \"sum\"; supported: max");
        Files.writeString(
                pooling.resolve("config.json"), "{\"pooling_strategy\":\"max\",\"activation_function\":\"gelu\"}");
        assertThatThrownBy(() -> SparseEncoder.open(model, OPTIONS))
                .hasMessageEndingWith("config.json: activation_function is \"gelu\"; supported: relu or log1p_relu");
        Files.writeString(
                pooling.resolve("config.json"), "{\"pooling_strategy\":\"max\",\"activation_function\":\"relu\"}");
        SparseEncoder.open(model, OPTIONS).close();
        assertThatThrownBy(() -> TextEncoder.open(model, OPTIONS))
                .hasMessage(model + ": is a sparse encoder; a text encoder is wanted here");
        Files.delete(Path.of(model).resolve("modules.json"));
    }
}
