package io.tokenwise.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.TestModels;
import io.tokenwise.TestMoonshines;
import io.tokenwise.TestVits;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BackendChoice.Kind;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.cuda.CudaBackend;
import io.tokenwise.backend.cuda.FakeDevice;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.references.RandomModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a device lacks is told when a model is opened; who leaves the choice open gets it on the CPU. On a simulated device: no GPU is involved. */
class OpeningOnDeviceTest {
    private static final EngineOptions CUDA = options(new BackendChoice(Kind.CUDA, Precision.F32));
    private static final EngineOptions CPU = options(BackendChoice.FLOAT32);

    private static final String LACKS = ": pooling of the largest: runs on the CPU only so far";

    private static final List<int[]> TEXTS =
            List.of(new int[] {5, 8, 3, 8}, new int[] {1}, new int[] {9, 2, 7, 7, 4, 6, 30, 11, 12});

    @TempDir
    private Path folder;

    private FakeControls controls;

    private static EngineOptions options(BackendChoice backend) {
        return EngineOptions.defaults().withThreads(1).withConcurrentCalls(1).withBackend(backend);
    }

    @BeforeEach
    void start() {
        controls = FakeDevice.start();
    }

    @AfterEach
    void nothingIsLeft() {
        assertThat(controls.leaks()).isEmpty();
    }

    private String write(String family, Map<String, Object> config) throws IOException {
        Path model = folder.resolve(family);
        RandomModel.small(family, config, 7).with("masked", Map.of(), 8).write(model, "");
        try (ModelFiles minilm = TestModels.files("minilm")) {
            Files.write(model.resolve("tokenizer.json"), minilm.tokenizer().json());
        }
        return model.toString();
    }

    private String roberta() throws IOException {
        return write(
                "bert",
                Map.of(
                        "model_type", "roberta",
                        "architectures", List.of("RobertaForMaskedLM"),
                        "vocab_size", 30_522,
                        "type_vocab_size", 1,
                        "pad_token_id", 1));
    }

    private String electra() throws IOException {
        Map<String, Object> config = Map.of(
                "model_type",
                "electra",
                "embedding_size",
                48,
                "vocab_size",
                30_522,
                "num_labels",
                2,
                "architectures",
                List.of("ElectraForSequenceClassification"));
        Path model = folder.resolve("electra");
        RandomModel.small("bert", config, 7).with("classifiers", Map.of(), 8).write(model, "electra.");
        try (ModelFiles minilm = TestModels.files("minilm")) {
            Files.write(model.resolve("tokenizer.json"), minilm.tokenizer().json());
        }
        return model.toString();
    }

    private static OpenModel open(String model, UnaryOperator<ModelFiles> kind, EngineOptions options)
            throws IOException {
        return OpenModel.openAs(Models.open(model), options, kind);
    }

    private static float[][] encode(OpenModel model) {
        return model.encode(TEXTS, Collections.nCopies(TEXTS.size(), Budget.FULL));
    }

    private static void assertNear(float[][] found, float[][] expected) {
        for (int i = 0; i < expected.length; i++) {
            assertThat(found[i]).containsExactly(expected[i], within(1e-4f));
        }
    }

    /** A RoBERTa's positions begin behind that of what fills texts up; a DistilBERT knows no types; an ELECTRA's classifier has GELU. */
    @Test
    void whatTheGuideNamesRunsThere() throws IOException {
        for (String model : List.of(roberta(), write("distilbert", Map.of("vocab_size", 30_522)), electra())) {
            try (OpenModel device = open(model, files -> files, CUDA);
                    OpenModel cpu = open(model, files -> files, CPU)) {
                assertThat(device.backend().kind()).isEqualTo(Kind.CUDA);
                assertNear(encode(device), encode(cpu));
            }
        }
    }

    /** Their trial goes through the short path, through a front end of sound, and writes. */
    @Test
    void imagesSpeechAndAdaptiveModelsAreOpenedThere() throws IOException {
        Path vit = TestVits.writeSmall(folder.resolve("vit"));
        Path moonshine = folder.resolve("moonshine");
        TestMoonshines.writeSmall(moonshine);
        for (String model : List.of(vit.toString(), moonshine.toString(), "minilm-acm")) {
            try (OpenModel device = OpenModel.open(model, CUDA, _ -> {})) {
                assertThat(device.backend().kind()).isEqualTo(Kind.CUDA);
            }
        }
    }

    @Test
    void whatItLacksIsToldAtOpening() throws IOException {
        String roberta = roberta();
        assertThatThrownBy(() -> open(roberta, ModelFiles::sparse, CUDA))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(roberta + ": backend cuda")
                .hasMessageEndingWith(
                        LACKS + "; backends vector and onednn run this model, auto chooses one of them for it")
                .message()
                .hasLineCount(1);
        String modern = write("modernbert", Map.of("vocab_size", 30_522));
        assertThatThrownBy(() -> open(modern, files -> files, CUDA))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("attention of this form: runs on the CPU only so far; backends vector");
    }

    /** One that nobody simulates: auto takes no other. */
    @Test
    void whoLeavesItOpenGetsTheCpuForSuchAModelAlone() throws IOException, CudaUnavailableException {
        String roberta = roberta();
        try (var engine = new EngineCore(options(BackendChoice.AUTO), CudaBackend.open(Precision.F32));
                OpenModel expected = open(roberta, ModelFiles::sparse, CPU)) {
            OpenModel vectors = engine.open(roberta, _ -> {});
            OpenModel sparse = engine.openAs(roberta, ModelFiles::sparse);
            OpenModel again = engine.openAs(roberta, ModelFiles::sparse);
            assertThat(vectors.backend().kind()).isEqualTo(Kind.CUDA);
            assertThat(sparse.backend().kind()).isIn(Kind.VECTOR, Kind.ONEDNN);
            assertThat(again.backend()).isSameAs(sparse.backend());
            if (sparse.backend().precision() == Precision.F32) {
                assertNear(encode(sparse), encode(expected));
            }
            assertThat(engine.state().getModels()).hasSize(3);
            sparse.close();
            assertThat(encode(again)[0]).hasSize(30_522);
            assertThat(encode(vectors))
                    .hasDimensions(TEXTS.size(), vectors.encoder().outputs());
        }
    }

    /** A BERT of one head of so many columns. */
    private String bertOfHead(int columns) throws IOException {
        return write("bert", Map.of("vocab_size", 30_522, "hidden_size", columns, "num_attention_heads", 1));
    }

    private static Kind kindOfAuto(String model) throws IOException, CudaUnavailableException {
        try (var engine = new EngineCore(options(BackendChoice.AUTO), CudaBackend.open(Precision.F32))) {
            return engine.open(model, _ -> {}).backend().kind();
        }
    }

    @Test
    void headsThatAreTooWideRunOnTheCpu() throws IOException, CudaUnavailableException {
        String model = bertOfHead(192);
        assertThat(kindOfAuto(model)).isIn(Kind.VECTOR, Kind.ONEDNN);
        assertThatThrownBy(() -> open(model, files -> files, CUDA))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(
                        "attention: heads of 192 columns; on a CUDA device they have at most 128; backends");
    }

    /** That of capability 8.6 and 12.0, and what attention in float32 of heads of 65 to 128 columns needs. */
    @Test
    void whereABlockHasLessSharedMemoryThanAttentionNeedsItRunsOnTheCpu() throws IOException, CudaUnavailableException {
        String model = bertOfHead(96);
        controls.sharedLimit(118_784);
        assertThat(kindOfAuto(model)).isEqualTo(Kind.CUDA);
        controls.sharedLimit(101_376);
        assertThat(kindOfAuto(model)).isIn(Kind.VECTOR, Kind.ONEDNN);
        assertThatThrownBy(() -> open(model, files -> files, CUDA))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("kernel attention128 needs 118784 bytes of shared memory for a block, of which"
                        + " tokenwise fake device (simulated on the CPU, no GPU) has 101376; backends");
        assertThat(kindOfAuto(bertOfHead(64))).isEqualTo(Kind.CUDA);
    }
}
