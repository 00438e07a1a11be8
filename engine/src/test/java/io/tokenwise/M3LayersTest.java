package io.tokenwise;

import static io.tokenwise.TestColberts.assertNear;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.io.TensorData;
import io.tokenwise.io.TorchFiles;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.Array;
import io.tokenwise.references.RandomModel;
import io.tokenwise.references.Reference;
import io.tokenwise.references.TorchScript;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A folder as BAAI/bge-m3's, of a small XLM-R with random weights: vectors of texts, and two layers in files of PyTorch beside it. */
class M3LayersTest {
    private static final EngineOptions OPTIONS = EngineOptions.defaults()
            .withThreads(2)
            .withBackend(new BackendChoice(BackendChoice.Kind.VECTOR, Precision.F32));

    /** Words more than once, one that is not known, a mark in the text, and none. */
    private static final List<String> TEXTS =
            List.of("the sea the sea the river", "a \u6f22 river", "the <mask> and a sea", "", "river a ".repeat(80));

    private static final int UNKNOWN = 3;

    /** What is added to the bias of weights, so that some are below 0 and some are not. */
    private static final float RAISED = 2.35f;

    @TempDir
    private Path folder;

    private RandomModel random;

    @BeforeEach
    void write() throws IOException {
        Map<String, Object> config = Map.of(
                "architectures", List.of("XLMRobertaModel"),
                "model_type", "xlm-roberta",
                "type_vocab_size", 1,
                "pad_token_id", 1,
                "vocab_size", 10);
        RandomModel trunk = RandomModel.small("bert", config, 3);
        random = raised(trunk.with("m3", Map.of("dim", 16), 4));
        trunk.write(folder, "");
        TorchFiles.replace(folder);
        layer("sparse_linear", "sparse_linear.pt", "Float");
        layer("colbert_linear", "colbert_linear.pt", "Float");
        Files.writeString(folder.resolve("tokenizer.json"), SmallXlmR.TOKENIZER);
        Files.writeString(folder.resolve("modules.json"), """
                [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
                 {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
                 {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]
                """);
        Files.writeString(
                Files.createDirectory(folder.resolve("1_Pooling")).resolve("config.json"),
                "{\"word_embedding_dimension\": 48, \"pooling_mode_cls_token\": true, \"pooling_mode_mean_tokens\": false}");
    }

    private static RandomModel raised(RandomModel model) {
        String bias = "sparse_linear.bias";
        Map<String, Array> weights = new LinkedHashMap<>(model.weights());
        weights.put(bias, new Array(new float[] {weights.get(bias).values()[0] + RAISED}, new long[] {1}));
        return new RandomModel(model.family(), model.config(), weights);
    }

    /** Writes tensors of the random model as torch.save does a layer's state_dict. */
    private void layer(String tensors, String file, String type) throws IOException {
        Map<String, TensorData> state = new LinkedHashMap<>();
        for (String part : List.of("weight", "bias")) {
            Array array = random.weights().get(tensors + "." + part);
            state.put(part, new TensorData(array.shape(), MemorySegment.ofArray(array.values())));
        }
        Files.write(folder.resolve(file), TorchFiles.stateDict(state, type));
    }

    private Tokenizer tokens() throws IOException {
        return Tokenizer.open(folder.resolve("tokenizer.json"), 126);
    }

    /** By the program in libtorch the weights of all tokens, and of these the largest of each id that counts. */
    private Map<Integer, Float> expected(String text, Reference torch, Reference layers, Integer... unweighed)
            throws IOException {
        int[] ids = tokens().encode(text).ids();
        float[][] weights = layers.run(torch.run(ids).last()).part("weights");
        var largest = new TreeMap<Integer, Float>();
        for (int i = 0; i < ids.length; i++) {
            if (weights[i][0] > 0 && !List.of(unweighed).contains(ids[i])) {
                largest.merge(ids[i], weights[i][0], Math::max);
            }
        }
        return largest;
    }

    private static Map<Integer, Float> map(SparseVector vector) {
        var map = new TreeMap<Integer, Float>();
        for (int i = 0; i < vector.ids().length; i++) {
            map.put(vector.ids()[i], vector.weights()[i]);
        }
        return map;
    }

    private static void assertWeights(SparseVector found, Map<Integer, Float> expected) {
        assertThat(map(found).keySet()).isEqualTo(expected.keySet());
        expected.forEach((id, weight) -> assertThat(map(found).get(id)).isCloseTo(weight, within(1e-4f)));
    }

    @Test
    void weightsAreThoseOfTorch() throws IOException {
        assumeThat(TorchScript.isAvailable()).as("libtorch").isTrue();
        try (SparseEncoder encoder = SparseEncoder.open(folder.toString(), OPTIONS);
                Reference torch = random.reference();
                Reference layers = random.reference("m3")) {
            assertThat(encoder.dimensions()).isEqualTo(10);
            List<SparseVector> vectors = encoder.embed(TEXTS);
            for (int i = 0; i < TEXTS.size(); i++) {
                assertWeights(vectors.get(i), expected(TEXTS.get(i), torch, layers, 0, 1, 2, UNKNOWN));
                assertThat(encoder.embedQuery(TEXTS.get(i))).isEqualTo(vectors.get(i));
                assertThat(encoder.embedPassages(List.of(TEXTS.get(i)))).containsExactly(vectors.get(i));
            }
            assertThat(vectors).anyMatch(vector -> vector.ids().length > 1);
            // Of the first three texts some words weigh nothing.
            assertThat(vectors.stream()
                            .limit(3)
                            .mapToInt(vector -> vector.ids().length)
                            .sum())
                    .isLessThan(3 + 2 + 5);
            List<int[]> inputs = TEXTS.stream()
                    .map(text ->
                            encoder.model().files().tokenizer().encode(text).ids())
                    .toList();
            assertThat(encoder.encode(inputs, Collections.nCopies(inputs.size(), Budget.FULL)))
                    .isEqualTo(vectors);
        }
    }

    /** By what the tokenizer's files call them; the first file goes before the second. */
    @Test
    void whichTokensDoNotCountIsSaidByFiles() throws IOException {
        assumeThat(TorchScript.isAvailable()).as("libtorch").isTrue();
        Files.writeString(
                folder.resolve("special_tokens_map.json"),
                "{\"unk_token\": {\"content\": \"\u2581the\", \"lstrip\": false}, \"eos_token\": null}");
        Files.writeString(
                folder.resolve("tokenizer_config.json"), "{\"unk_token\": \"<unk>\", \"cls_token\": \"<s>\"}");
        try (SparseEncoder encoder = SparseEncoder.open(folder.toString(), OPTIONS);
                Reference torch = random.reference();
                Reference layers = random.reference("m3")) {
            int the = 4;
            assertThat(tokens().tokens(new int[] {the})).containsExactly("\u2581the");
            for (String text : TEXTS) {
                assertWeights(encoder.embed(text), expected(text, torch, layers, 0, 1, the));
            }
            Stream<Integer> ids = TEXTS.stream()
                    .flatMap(text -> Arrays.stream(encoder.embed(text).ids()).boxed());
            assertThat(ids).contains(2).doesNotContain(the);
        }
    }

    @Test
    void vectorsOfTokensAreThoseOfTorch() throws IOException {
        assumeThat(TorchScript.isAvailable()).as("libtorch").isTrue();
        try (LateInteraction encoder = LateInteraction.open(folder.toString(), OPTIONS);
                Reference torch = random.reference();
                Reference layers = random.reference("m3")) {
            assertThat(encoder.dimensions()).isEqualTo(16);
            List<float[][]> documents = encoder.embedDocuments(TEXTS);
            for (int i = 0; i < TEXTS.size(); i++) {
                int[] ids = tokens().encode(TEXTS.get(i)).ids();
                float[][] wanted = layers.run(torch.run(ids).last()).part("vectors");
                assertThat(documents.get(i)).hasDimensions(ids.length - 1, 16);
                assertNear(documents.get(i), wanted);
                assertThat(encoder.embedQuery(TEXTS.get(i))).isDeepEqualTo(documents.get(i));
            }
            assertThat(encoder.maxSim(TEXTS.getFirst(), TEXTS, Budget.FULL)[0])
                    .isCloseTo(documents.getFirst().length, within(1e-4));
        }
    }

    @Test
    void severalModelsOfOneFolderShareAnEngine() throws IOException {
        try (Engine engine = Engine.open(OPTIONS);
                TextEncoder dense = engine.textEncoder(folder.toString());
                SparseEncoder sparse = engine.sparseEncoder(folder.toString());
                LateInteraction late = engine.lateInteraction(folder.toString())) {
            assertThat(dense.embed("the sea").vector()).hasSize(48);
            assertThat(late.embedQuery("the sea")).hasNumberOfRows(3);
            assertThat(sparse.tokens(sparse.embed(TEXTS.getFirst()), 9))
                    .extracting(WeightedToken::text)
                    .isSubsetOf("\u2581the", "\u2581sea", "\u2581river")
                    .isNotEmpty();
        }
    }

    /** As the published ones are. */
    @Test
    void layersMayBeOfHalfTheBits() throws IOException {
        List<SparseVector> whole;
        try (SparseEncoder encoder = SparseEncoder.open(folder.toString(), OPTIONS)) {
            whole = encoder.embed(TEXTS);
        }
        layer("sparse_linear", "sparse_linear.pt", "Half");
        try (SparseEncoder encoder = SparseEncoder.open(folder.toString(), OPTIONS)) {
            List<SparseVector> half = encoder.embed(TEXTS);
            assertThat(half).isNotEqualTo(whole);
            for (int i = 0; i < whole.size(); i++) {
                assertThat(half.get(i).dot(whole.get(i))).isCloseTo(whole.get(i).dot(whole.get(i)), within(2e-2));
            }
        }
    }

    /** Who wants vectors of texts is not told what is wrong with the rest. */
    @Test
    void aDamagedLayerIsRefusedByWhoReadsIt() throws IOException {
        Path file = folder.resolve("sparse_linear.pt");
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
        TextEncoder.open(folder.toString(), OPTIONS).close();
        assertThatThrownBy(() -> SparseEncoder.open(folder.toString(), OPTIONS))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith(file.toString())
                .message()
                .hasLineCount(1);
        try (ModelFiles files = Models.open(folder)) {
            assertThat(files.tokenVectorLayer()).isEqualTo(16);
            assertThatThrownBy(files::sparseLayer).isInstanceOf(BadFileException.class);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "weight:1,47 bias:1 | has weight [1, 47], bias [1]; must have weight [1, 48] and bias [1]",
                "weight:2,48 bias:2 | has weight [2, 48], bias [2]; must have weight [1, 48] and bias [1]",
                "weight:1,48 bias:2 | has weight [1, 48], bias [2]; must have weight [1, 48] and bias [1]",
                "weight:48 bias:1   | has weight [48], bias [1]; must have weight [1, 48] and bias [1]",
                "weight:1,48        | has weight [1, 48]; must have weight [1, 48] and bias [1]",
                "a:1 b:1 c:1 d:1 e:1 | has a [1], b [1], c [1], d [1]; must have weight [1, 48] and bias [1]",
            })
    void anotherLayerIsRefused(String tensors, String fact) throws IOException {
        Map<String, TensorData> state = new LinkedHashMap<>();
        for (String tensor : tensors.strip().split(" ")) {
            String[] parts = tensor.split(":");
            long[] shape = Arrays.stream(parts[1].split(","))
                    .mapToLong(Long::parseLong)
                    .toArray();
            int values = (int) Arrays.stream(shape).reduce(1, Math::multiplyExact);
            state.put(parts[0], new TensorData(shape, MemorySegment.ofArray(new float[values])));
        }
        Path file = folder.resolve("sparse_linear.pt");
        Files.write(file, TorchFiles.stateDict(state, "Float"));
        assertThatThrownBy(() -> SparseEncoder.open(folder.toString(), OPTIONS))
                .isInstanceOf(BadFileException.class)
                .hasMessage(file + ": " + fact + ", a layer of bge-m3 on this model's vectors");
    }

    @Test
    void aFolderWithoutLayersIsATextEncoder() throws IOException {
        Files.delete(folder.resolve("sparse_linear.pt"));
        Files.delete(folder.resolve("colbert_linear.pt"));
        assertThatThrownBy(() -> SparseEncoder.open(folder.toString(), OPTIONS))
                .hasMessage(folder + ": is a text encoder without a masked-LM head; a sparse encoder is wanted here");
        assertThatThrownBy(() -> LateInteraction.open(folder.toString(), OPTIONS))
                .hasMessage(folder + ": is a text encoder; a late-interaction encoder is wanted here");
    }

    /** Its tokens do not see each other, and the row of zeros of a text without any is no token of the vocabulary. */
    @Test
    void besideATableLayersAreLeftAside(@TempDir Path other) throws IOException {
        StaticFolder.model2vec(other, true, "F32");
        Map<String, TensorData> state = Map.of(
                "weight", new TensorData(new long[] {1, 20}, MemorySegment.ofArray(new float[20])),
                "bias", new TensorData(new long[] {1}, MemorySegment.ofArray(new float[] {1})));
        for (String file : List.of("sparse_linear.pt", "colbert_linear.pt")) {
            Files.write(other.resolve(file), TorchFiles.stateDict(state, "Float"));
        }
        assertThatThrownBy(() -> SparseEncoder.open(other.toString(), OPTIONS))
                .hasMessage(other + ": is a text encoder without a masked-LM head; a sparse encoder is wanted here");
        assertThatThrownBy(() -> LateInteraction.open(other.toString(), OPTIONS))
                .hasMessage(other + ": is a text encoder; a late-interaction encoder is wanted here");
        try (ModelFiles files = Models.open(other)) {
            assertThat(files.sparseLayer() + files.tokenVectorLayer()).isZero();
        }
    }

    /** What would be written had no file that says what its layers are. */
    @Test
    void layersAreNotSaved() throws IOException {
        Path saved = folder.resolve("saved");
        try (LateInteraction late = LateInteraction.open(folder.toString(), OPTIONS)) {
            assertThatThrownBy(() -> late.model().encoder().save(saved, tokens(), ModelWriter.Existing.KEEP))
                    .hasMessage(
                            folder + ": as a late-interaction encoder of bge-m3's files it is not written; what is, is"
                                    + " the text encoder");
        }
        assertThat(saved).doesNotExist();
    }
}
