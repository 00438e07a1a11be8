package io.tokenwise.model.bert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.tokenwise.HuggingFaceTensors;
import io.tokenwise.TestModels;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.io.TensorData;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.Pooling;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TorchBert;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Choices;
import io.tokenwise.tensor.HostMemory;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import io.tokenwise.testdata.FetchedData;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** BERT with its masked-LM head: against libtorch with random weights in BERT-base's widths, and what BERT-base itself guesses. */
class MaskedLanguageModelTest {
    private static final double TOLERANCE = 1e-4;

    /** Two of BERT-base's layers. */
    private static final BertArchitecture WIDE = new BertArchitecture(768, 2, 12, 3072, 30522, 512, 2, 1e-12);

    @TempDir
    private Path temp;

    private static TextDescription describe(BertArchitecture sizes) {
        return new TextDescription(
                "bert", BertFamily.BERT, sizes, sizes.maxPositions(), Pooling.MEAN, false, "", "", Optional.empty());
    }

    /** The tensors of a model with its head. */
    private static Map<String, long[]> withHead(BertArchitecture sizes) {
        long hidden = sizes.hiddenSize();
        Map<String, long[]> shapes = new LinkedHashMap<>(HuggingFaceTensors.of(sizes));
        shapes.put("cls.predictions.transform.dense.weight", new long[] {hidden, hidden});
        shapes.put("cls.predictions.transform.dense.bias", new long[] {hidden});
        shapes.put("cls.predictions.transform.LayerNorm.weight", new long[] {hidden});
        shapes.put("cls.predictions.transform.LayerNorm.bias", new long[] {hidden});
        shapes.put("cls.predictions.bias", new long[] {sizes.vocabularySize()});
        return shapes;
    }

    @Test
    void itIsLibtorchs() throws IOException {
        int[][] texts = TestModels.sequences(3, 150, 40).toArray(int[][]::new);
        // Of all texts, with those left out that a batch has beside them.
        int[] rows = {1, 3, 77, 152, 153, 192};
        try (Arena arena = Arena.ofConfined();
                NDManager manager = NDManager.newBaseManager("PyTorch")) {
            // Scores of attention deviate by 2, so that places and tokens matter.
            Map<String, TensorData> weights = TestModels.weights(arena, withHead(WIDE), 0.05);
            TestModels.write(temp.resolve("wide"), describe(WIDE), weights);
            try (Backend backend = VectorBackend.open(2);
                    ModelFiles files = Models.open(temp.resolve("wide"));
                    Encoder encoder = Encoder.load(files, backend);
                    MaskedLanguageModel head = MaskedLanguageModel.load(files.weights(), encoder);
                    var workspace = new Workspace(HostMemory::allocate, 1L << 30)) {
                Pass pass = new Pass(backend.stream(), workspace).begin(Budget.FULL);
                Tensor tokens = encoder.tokens(pass, TokenBatch.of(texts));
                Tensor logits = head.logits(pass, tokens, rows);
                var torch = new TorchBert(manager, WIDE, weights);
                int row = 0;
                int from = 0;
                for (int[] text : texts) {
                    NDArray wanted = torch.tokens(text);
                    assertEqual(tokens, from, text.length, wanted.toFloatArray());
                    float[] wantedLogits = torch.logits(wanted).toFloatArray();
                    for (; row < rows.length && rows[row] < from + text.length; row++) {
                        assertEqual(logits, row, wantedLogits, rows[row] - from);
                    }
                    from += text.length;
                }
                assertThat(row).isEqualTo(rows.length);
            }
        }
    }

    private static void assertEqual(Tensor ours, int from, int rows, float[] wanted) {
        for (int row = 0; row < rows; row++) {
            assertEqual(ours, from + row, wanted, row);
        }
    }

    private static void assertEqual(Tensor ours, int row, float[] wanted, int wantedRow) {
        double largest = 0;
        for (int i = 0; i < ours.columns(); i++) {
            float value = ours.floats().get((long) row * ours.columns() + i);
            largest = Math.max(largest, Math.abs(value - wanted[wantedRow * ours.columns() + i]));
            assertThat(value).isFinite();
        }
        assertThat(largest).as("row %d", row).isCloseTo(0, within(TOLERANCE));
    }

    @Test
    void aModelWithoutHeadIsRefused() throws IOException {
        TestModels.writeSmall(temp.resolve("small"));
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = Models.open(temp.resolve("small"));
                Encoder encoder = Encoder.load(files, backend)) {
            assertThat(MaskedLanguageModel.isIn(files.weights())).isFalse();
            assertThatThrownBy(() -> MaskedLanguageModel.load(files.weights(), encoder))
                    .isInstanceOf(BadFileException.class)
                    .hasMessageContaining("model.safetensors: has no tensor cls.predictions.bias: no masked-LM head");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "cls.predictions.bias | has shape [4], it must be [30522]",
                "cls.predictions.transform.dense.weight | has shape [4], it must be [24, 24]"
            })
    void aHeadThatDoesNotFitIsRefused(String name, String fact) throws IOException {
        Map<String, long[]> shapes = withHead(TestModels.SMALL);
        shapes.put(name, new long[] {4});
        try (Arena arena = Arena.ofConfined()) {
            TestModels.write(temp.resolve("small"), TestModels.DESCRIPTION, TestModels.weights(arena, shapes, 0.3));
        }
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = Models.open(temp.resolve("small"));
                Encoder encoder = Encoder.load(files, backend)) {
            assertThatThrownBy(() -> MaskedLanguageModel.load(files.weights(), encoder))
                    .isInstanceOf(BadFileException.class)
                    .hasMessageEndingWith("tensor " + name + " " + fact);
        }
    }

    /** BERT-base in every precision that the machine has. */
    @ParameterizedTest
    @EnumSource(Precision.class)
    void bertBaseKnowsTheCapitalOfFrance(Precision precision) throws IOException {
        Path folder = FetchedData.find("bert-base")
                .orElseGet(() -> Assumptions.abort("bert-base is not here; ./tokenwise fetch bert-base brings it"));
        try (Backend backend = precision == Precision.F32 ? VectorBackend.open(2) : TestModels.oneDnn(precision, 2);
                ModelFiles files = Models.open(folder);
                Encoder encoder = Encoder.load(files, backend);
                MaskedLanguageModel head = MaskedLanguageModel.load(files.weights(), encoder);
                var workspace = new Workspace(HostMemory::allocate, 1L << 30)) {
            Tokenizer tokenizer = files.tokenizer();
            int[] ids = tokenizer.encode("the capital of france is [MASK].").ids();
            int place = List.of(tokenizer.tokens(ids).toArray()).indexOf("[MASK]");
            Pass pass = new Pass(backend.stream(), workspace).begin(Budget.FULL);
            Tensor tokens = encoder.tokens(pass, TokenBatch.of(ids));
            Tensor logits = head.logits(pass, tokens, new int[] {place});
            int likeliest = Choices.argmax(backend.stream(), logits, 0);
            assertThat(tokenizer.tokens(new int[] {likeliest})).containsExactly("paris");
        }
    }
}
