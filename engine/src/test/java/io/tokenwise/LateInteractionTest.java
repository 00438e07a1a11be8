package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.io.SafetensorsWriter;
import io.tokenwise.io.StoredType;
import io.tokenwise.io.TensorData;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.VectorStep;
import io.tokenwise.references.Array;
import io.tokenwise.references.OrtReference;
import io.tokenwise.references.RandomModel;
import io.tokenwise.references.Reference;
import io.tokenwise.references.TorchScript;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LateInteractionTest {
    private static final EngineOptions OPTIONS = EngineOptions.defaults()
            .withThreads(2)
            .withBackend(new BackendChoice(BackendChoice.Kind.VECTOR, Precision.F32));

    private static final String ATTENTION = """
            class Model(Module):
              __parameters__ = []
              __buffers__ = []
              training : bool
              def forward(self: __torch__.Model, x: Tensor, sees: Tensor) -> Tensor:
                return torch.scaled_dot_product_attention(x, x, x, sees)
            """;

    private static final List<String> QUERIES =
            List.of("who wrote a letter?", "", "rivers run to the sea, and the sea is not full ".repeat(4));

    private static final List<String> DOCUMENTS =
            List.of("A man wrote a letter; it was never sent.", "", "x", "the sea, the sea! ".repeat(30));

    /** Of MiniLM's vocabulary: [CLS], [unused0], [unused1], [MASK]. */
    private static final int CLS = 101;

    private static final int QUERY = 1;
    private static final int DOCUMENT = 2;
    private static final int MASK = 103;

    /** The first is padding to MPNet, which has no place. */
    private static final int UNUSED_5 = 6;

    @TempDir
    private static Path folder;

    private static RandomModel random;

    private static Path stanford;

    @BeforeAll
    static void write() throws IOException {
        Map<String, Object> config =
                Map.of("architectures", List.of("HF_ColBERT"), "vocab_size", 30_522, "type_vocab_size", 2);
        random = RandomModel.small("bert", config, 11).with("colbert", Map.of("dim", 16), 12);
        stanford = folder.resolve("stanford");
        write(stanford, random);
        Files.writeString(stanford.resolve("artifact.metadata"), """
                {"dim": 16, "query_maxlen": 24, "doc_maxlen": 40, "query_token_id": "[unused0]", "doc_token_id": "[unused1]",
                 "attend_to_mask_tokens": false, "mask_punctuation": true}
                """);
    }

    private static void write(Path model, RandomModel weights) throws IOException {
        write(model, weights, "bert.");
    }

    private static void write(Path model, RandomModel weights, String prefix) throws IOException {
        weights.write(model, prefix);
        try (ModelFiles minilm = TestModels.files("minilm")) {
            Files.write(model.resolve("tokenizer.json"), minilm.tokenizer().json());
        }
    }

    /** Of a text at most so many tokens, with a mark behind the first. */
    private static int[] marked(Tokenizer tokenizer, String text, int mark, int most) {
        var ids = new ArrayList<Integer>();
        Arrays.stream(tokenizer.encode(text, most - 1).ids()).forEach(ids::add);
        assertThat(ids.getFirst()).isEqualTo(CLS);
        ids.add(1, mark);
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }

    @Test
    void documentsVectorsAreThoseOfTorch() throws IOException {
        assumeThat(TorchScript.isAvailable()).as("libtorch").isTrue();
        try (LateInteraction encoder = LateInteraction.open(stanford.toString(), OPTIONS);
                Reference torch = random.reference();
                Reference head = random.reference("colbert")) {
            assertThat(encoder.dimensions()).isEqualTo(16);
            Tokenizer tokenizer = encoder.model().files().tokenizer();
            List<float[][]> found = encoder.embedDocuments(DOCUMENTS);
            for (int i = 0; i < DOCUMENTS.size(); i++) {
                int[] ids = marked(tokenizer, DOCUMENTS.get(i), DOCUMENT, 40);
                float[][] all = head.run(torch.run(ids).last()).part("vectors");
                List<String> words = tokenizer.tokens(ids);
                var wanted = new ArrayList<float[]>();
                for (int k = 0; k < ids.length; k++) {
                    if (!words.get(k).matches("[,;.!]")) {
                        wanted.add(all[k]);
                    }
                }
                assertNear(found.get(i), wanted.toArray(float[][]::new));
            }
        }
    }

    /** The masks behind a query see it and are seen by nobody; ONNX Runtime has them as padding. */
    @Test
    void queriesVectorsAreThoseOfOnnxRuntimeWithMasksThatNobodySees() throws IOException {
        assumeThat(TorchScript.isAvailable()).as("libtorch").isTrue();
        try (LateInteraction encoder = LateInteraction.open(stanford.toString(), OPTIONS);
                OrtReference onnx = OrtReference.of(random);
                Reference head = random.reference("colbert")) {
            Tokenizer tokenizer = encoder.model().files().tokenizer();
            List<float[][]> found = encoder.embedQueries(QUERIES, Budget.FULL, Deadline.NONE);
            for (int i = 0; i < QUERIES.size(); i++) {
                int[] ids = marked(tokenizer, QUERIES.get(i), QUERY, 24);
                assertNear(
                        found.get(i),
                        head.run(onnx.runPadded(MASK, 24, ids).last()).part("vectors"));
            }
        }
    }

    /** Such as ModernBERT with longer queries than its window is wide, of which far masks see nothing, or biases by distance, or shared keys. */
    @ParameterizedTest
    @CsvSource({
        "modernbert, model., ModernBertModel",
        "jina_bert, bert., JinaBertModel",
        "mpnet, mpnet., MPNetModel",
        "qwen3, model., Qwen3Model"
    })
    void masksThatNobodySeesMayBeOfAnyAttention(String family, String prefix, String architecture) throws IOException {
        assumeThat(TorchScript.isAvailable()).as("libtorch").isTrue();
        Map<String, Object> config = Map.of("vocab_size", 30_522, "architectures", List.of(architecture));
        RandomModel weights = RandomModel.small(family, config, 11).with("colbert", Map.of("dim", 16), 12);
        Path model = folder.resolve(family);
        writePylate(
                model,
                weights,
                prefix,
                "{\"query_prefix\":\"[unused5]\",\"document_prefix\":\"\",\"query_length\":40}");
        try (LateInteraction encoder = LateInteraction.open(model.toString(), OPTIONS);
                Reference torch = weights.reference();
                Reference head = weights.reference("colbert")) {
            Tokenizer tokenizer = encoder.model().files().tokenizer();
            List<float[][]> found = encoder.embedQueries(QUERIES, Budget.FULL, Deadline.NONE);
            for (int i = 0; i < QUERIES.size(); i++) {
                int[] query = marked(tokenizer, QUERIES.get(i), UNUSED_5, 40);
                int[] ids = Arrays.copyOf(query, 40);
                Arrays.fill(ids, query.length, 40, MASK);
                boolean[] seen = new boolean[40];
                Arrays.fill(seen, 0, query.length, true);
                assertNear(found.get(i), head.run(torch.run(ids, seen).last()).part("vectors"));
                assertThat(encoder.embedQuery(QUERIES.get(i))).isDeepEqualTo(found.get(i));
            }
        }
    }

    private static void assertNear(float[][] found, float[][] wanted) {
        assertThat(found.length).isEqualTo(wanted.length);
        for (int i = 0; i < wanted.length; i++) {
            assertThat(found[i]).containsExactly(wanted[i], within(1e-4f));
        }
    }

    @Test
    void aTextHasTheSameBitsAloneAndAmongOthers() throws IOException {
        try (LateInteraction encoder = LateInteraction.open(stanford.toString(), OPTIONS)) {
            List<float[][]> queries = encoder.embedQueries(QUERIES, Budget.FULL, Deadline.NONE);
            List<float[][]> documents = encoder.embedDocuments(DOCUMENTS, Budget.FULL);
            for (int i = 0; i < QUERIES.size(); i++) {
                assertThat(encoder.embedQuery(QUERIES.get(i))).isDeepEqualTo(queries.get(i));
                assertThat(queries.get(i)).hasDimensions(24, 16);
            }
            for (int i = 0; i < DOCUMENTS.size(); i++) {
                assertThat(encoder.embedDocuments(List.of(DOCUMENTS.get(i)), Budget.FULL)
                                .getFirst())
                        .isDeepEqualTo(documents.get(i));
            }
            double[] scores = encoder.maxSim(QUERIES.getFirst(), DOCUMENTS, Budget.FULL);
            for (int i = 0; i < scores.length; i++) {
                assertThat(scores[i]).isEqualTo(LateInteraction.maxSim(queries.getFirst(), documents.get(i)));
            }
        }
        float[][] query = {{1, 0}, {0, 1}};
        assertThat(LateInteraction.maxSim(query, new float[][] {{.5f, .25f}, {-1, .75f}}))
                .isEqualTo(1.25);
        assertThat(LateInteraction.maxSim(query, new float[0][])).isZero();
        for (int width : new int[] {1, 3}) {
            assertThatThrownBy(() -> LateInteraction.maxSim(query, new float[][] {{1, 0}, new float[width]}))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("maxSim: a query's vector of 2 values and a document's of " + width
                            + "; they must be of one model");
        }
    }

    /** As mxbai-colbert-large-v1 has it beside the checkpoint. */
    @Test
    void aCheckpointMayHaveModulesWithATransformerAlone() throws IOException {
        Path model = folder.resolve("beside");
        write(model, random);
        Files.copy(stanford.resolve("artifact.metadata"), model.resolve("artifact.metadata"));
        Files.writeString(
                model.resolve("modules.json"),
                "[{\"idx\":0,\"name\":\"0\",\"path\":\"\",\"type\":\"sentence_transformers.models.Transformer\"}]");
        try (LateInteraction encoder = LateInteraction.open(model.toString(), OPTIONS);
                LateInteraction plain = LateInteraction.open(stanford.toString(), OPTIONS)) {
            assertThat(encoder.embedQuery("a query")).isDeepEqualTo(plain.embedQuery("a query"));
        }
    }

    /** What pylate saves as the longest text is what it cut the last ones to, queries perhaps. */
    @Test
    void documentsAreNotCutToWhatPylateUsedLast() throws IOException {
        Path model = pylate(
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

    /** What far masks get, with a mask of booleans as transformers makes it. */
    @Test
    void torchGivesZerosToAQueryThatSeesNoKey() throws IOException {
        assumeThat(TorchScript.isAvailable()).as("libtorch").isTrue();
        try (var program = new TorchScript("attention", ATTENTION);
                NDManager manager = TorchScript.newManager()) {
            NDArray x = manager.randomNormal(new Shape(1, 3, 2, 16));
            NDArray sees = manager.create(new boolean[] {true, false, false, false}, new Shape(1, 1, 2, 2));
            NDArray context = program.run(IValue.from((PtNDArray) x), IValue.from((PtNDArray) sees))
                    .toTensor((PtNDManager) manager);
            assertThat(context.get(":, :, 0").toFloatArray())
                    .containsExactly(x.get(":, :, 0").toFloatArray());
            assertThat(context.get(":, :, 1").toFloatArray()).containsOnly(0);
        }
    }

    /** pylate's encode asks for no name. */
    @Test
    void theUsualPromptStandsBeforeQueriesAndDocuments() throws IOException {
        String marks = "\"query_prefix\":\"[unused0]\",\"document_prefix\":\"[unused1]\"";
        Path plain = pylate("plain", "{" + marks + "}");
        Path asking = pylate(
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
    void aDeadlineThatHasPassedEndsAComparison() throws IOException {
        try (LateInteraction encoder = LateInteraction.open(stanford.toString(), OPTIONS)) {
            assertThatThrownBy(() -> encoder.maxSim("q", DOCUMENTS, Budget.FULL, Deadline.in(Duration.ZERO)))
                    .isInstanceOf(DeadlineException.class);
        }
    }

    private static Path pylate(String name, String config) throws IOException {
        Path model = folder.resolve(name);
        writePylate(model, random, "bert.", config);
        Files.writeString(
                model.resolve("config.json"),
                Files.readString(stanford.resolve("config.json")).replace("HF_ColBERT", "BertModel"));
        return model;
    }

    private static void writePylate(Path model, RandomModel weights, String prefix, String config) throws IOException {
        write(model, weights, prefix);
        Path dense = Files.createDirectory(model.resolve("1_Dense"));
        Array linear = weights.weights().get("linear.weight");
        writeDense(
                dense, Map.of("linear.weight", new TensorData(linear.shape(), MemorySegment.ofArray(linear.values()))));
        Files.writeString(
                dense.resolve("config.json"),
                "{\"in_features\":48,\"out_features\":16,\"bias\":false,\"activation_function\":\"torch.nn.modules.linear.Identity\"}");
        Files.writeString(model.resolve("modules.json"), """
                [{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},
                 {"idx":1,"name":"1","path":"1_Dense","type":"pylate.models.Dense.Dense"}]
                """);
        Files.writeString(model.resolve("config_sentence_transformers.json"), config);
    }

    @Test
    void foldersOfPylateGiveTheSame() throws IOException {
        Path model = pylate("pylate", """
                {"prompts": {}, "query_prefix": "[unused0]", "document_prefix": "[unused1]", "query_length": 24, "document_length": 40,
                 "attend_to_expansion_tokens": false, "do_query_expansion": true, "skiplist_words": [",", ".", ";", "!"]}
                """);
        Path seeing = pylate(
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
        Path model = pylate("several", config);
        Path second = Files.createDirectory(model.resolve("2_Dense"));
        float[] weight = new float[8 * 16];
        for (int i = 0; i < 8; i++) {
            weight[i * 16 + i] = 1;
        }
        writeDense(second, Map.of("linear.weight", new TensorData(new long[] {8, 16}, MemorySegment.ofArray(weight))));
        Files.writeString(
                second.resolve("config.json"),
                Files.readString(model.resolve("1_Dense/config.json"))
                        .replace("48", "16")
                        .replace("\"out_features\":16", "\"out_features\":8"));
        // The same again as what is added: twice as long, which no vector of length 1 shows.
        Array linear = random.weights().get("linear.weight");
        var tensor = new TensorData(linear.shape(), MemorySegment.ofArray(linear.values()));
        writeDense(model.resolve("1_Dense"), Map.of("linear.weight", tensor, "residual.weight", tensor));
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

    private static void writeDense(Path folder, Map<String, TensorData> tensors) throws IOException {
        SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of(), StoredType.F32);
    }

    @Test
    void learnersUnderTheHeadAndWhatIsSaved() throws IOException {
        for (Path model :
                List.of(stanford, pylate("again", "{\"query_prefix\":\"[unused0]\",\"document_prefix\":\"\"}"))) {
            Path saved = folder.resolve("saved-" + model.getFileName());
            try (LateInteraction encoder = LateInteraction.open(model.toString(), OPTIONS)) {
                Tokenizer tokenizer = encoder.model().files().tokenizer();
                float[][] dense = encoder.embedQuery(QUERIES.getFirst());
                List<int[]> inputs = DOCUMENTS.stream()
                        .map(text -> tokenizer.encode(text).ids())
                        .toList();
                TestModels.acmize(encoder.model().encoder(), AdaptiveLayers.parse("mlp", 2), inputs);
                TestModels.randomizeGates(encoder.model().encoder(), .3);
                encoder.model().encoder().save(saved, tokenizer, ModelWriter.Existing.KEEP);
                try (LateInteraction again = LateInteraction.open(saved.toString(), OPTIONS)) {
                    assertNear(again.embedQuery(QUERIES.getFirst()), dense);
                    List<float[][]> half = again.embedDocuments(DOCUMENTS, Budget.flops(.5));
                    List<float[][]> full = again.embedDocuments(DOCUMENTS, Budget.FULL);
                    // Lists of arrays are never equal.
                    boolean same = Arrays.deepEquals(half.toArray(), full.toArray());
                    assertThat(same).isFalse();
                }
            }
        }
    }

    @Test
    void otherModelsAndWhatIsNotSupportedAreRefused() throws IOException {
        String model = stanford.toString();
        assertThatThrownBy(() -> TextEncoder.open(model, OPTIONS))
                .hasMessage(model + ": is a late-interaction encoder; a text encoder is wanted here");
        assertThatThrownBy(() -> LateInteraction.open("minilm", OPTIONS))
                .hasMessage("minilm: is a text encoder; a late-interaction encoder is wanted here");
        Path marks = pylate("marks", "{\"query_prefix\":\"[Q] \"}");
        assertThatThrownBy(() -> LateInteraction.open(marks.toString(), OPTIONS))
                .hasMessage(marks + ": its vocabulary has no token \"[Q] \" to mark queries or documents by");
        Path small = pylate("small", "{\"query_prefix\":\"[unused0]\",\"document_prefix\":\"\"}");
        RandomModel.small("bert", Map.of("vocab_size", 30_522, "max_position_embeddings", 3), 13)
                .write(small, "bert.");
        assertThatThrownBy(() -> LateInteraction.open(small.toString(), OPTIONS))
                .hasMessage(
                        small + ": reads 3 tokens of a query; must be 4 or more, for its marks and one of the text");
        Path residual = pylate("residual", "{}");
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
