package io.tokenwise;

import static io.tokenwise.TestColberts.DOCUMENTS;
import static io.tokenwise.TestColberts.QUERIES;
import static io.tokenwise.TestColberts.assertNear;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
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
import io.tokenwise.model.ModelWriter;
import io.tokenwise.references.OrtReference;
import io.tokenwise.references.RandomModel;
import io.tokenwise.references.Reference;
import io.tokenwise.references.TorchScript;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
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

    /** Of MiniLM's vocabulary: [CLS], [unused0], [unused1], [MASK]. */
    private static final int CLS = 101;

    private static final int QUERY = 1;
    private static final int DOCUMENT = 2;
    private static final int MASK = 103;

    /** The first is padding to MPNet, which has no place. */
    private static final int UNUSED_5 = 6;

    @TempDir
    private static Path folder;

    private static TestColberts colberts;

    private static Path stanford;

    @BeforeAll
    static void write() throws IOException {
        colberts = TestColberts.write(folder);
        stanford = colberts.stanford;
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
                Reference torch = colberts.random.reference();
                Reference head = colberts.random.reference("colbert")) {
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
                OrtReference onnx = OrtReference.of(colberts.random);
                Reference head = colberts.random.reference("colbert")) {
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
        TestColberts.writePylate(
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
        TestColberts.write(model, colberts.random, "bert.");
        Files.copy(stanford.resolve("artifact.metadata"), model.resolve("artifact.metadata"));
        Files.writeString(
                model.resolve("modules.json"),
                "[{\"idx\":0,\"name\":\"0\",\"path\":\"\",\"type\":\"sentence_transformers.models.Transformer\"}]");
        try (LateInteraction encoder = LateInteraction.open(model.toString(), OPTIONS);
                LateInteraction plain = LateInteraction.open(stanford.toString(), OPTIONS)) {
            assertThat(encoder.embedQuery("a query")).isDeepEqualTo(plain.embedQuery("a query"));
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

    @Test
    void aDeadlineThatHasPassedEndsAComparison() throws IOException {
        try (LateInteraction encoder = LateInteraction.open(stanford.toString(), OPTIONS)) {
            assertThatThrownBy(() -> encoder.maxSim("q", DOCUMENTS, Budget.FULL, Deadline.in(Duration.ZERO)))
                    .isInstanceOf(DeadlineException.class);
        }
    }

    @Test
    void learnersUnderTheHeadAndWhatIsSaved() throws IOException {
        for (Path model : List.of(
                stanford, colberts.pylate("again", "{\"query_prefix\":\"[unused0]\",\"document_prefix\":\"\"}"))) {
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
    void otherModelsAreRefused() throws IOException {
        String model = stanford.toString();
        assertThatThrownBy(() -> TextEncoder.open(model, OPTIONS))
                .hasMessage(model + ": is a late-interaction encoder; a text encoder is wanted here");
        assertThatThrownBy(() -> LateInteraction.open("minilm", OPTIONS))
                .hasMessage("minilm: is a text encoder; a late-interaction encoder is wanted here");
    }
}
