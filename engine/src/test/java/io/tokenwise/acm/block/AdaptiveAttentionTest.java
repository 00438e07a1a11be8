package io.tokenwise.acm.block;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.HuggingFaceTensors;
import io.tokenwise.TestModels;
import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.autograd.Matrix;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.io.TensorData;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.Pooling;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.bert.BertArchitecture;
import io.tokenwise.model.bert.BertFamily;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Sums;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** MiniLM's first two layers with adaptive attention, untrained and with gates of random weights: more layers would run the same code on the same sizes. */
class AdaptiveAttentionTest {
    private static final Logger LOG = LoggerFactory.getLogger(AdaptiveAttentionTest.class);

    private static final int LEARNERS = 4;

    @TempDir
    private static Path minilm;

    private final List<int[]> texts = TestModels.sequences(3, 9, 1, 17, 64, 5, 31, 128, 2, 12);

    @BeforeAll
    static void writeTwoLayers() throws IOException {
        var sizes = new BertArchitecture(384, 2, 12, 1536, 30_522, 512, 2, 1e-12);
        var description = new TextDescription(
                "two layers", BertFamily.BERT, sizes, 256, Pooling.MEAN, true, "", "", Optional.empty());
        try (ModelFiles whole = TestModels.files("minilm");
                Arena arena = Arena.ofConfined()) {
            Map<String, TensorData> tensors = new LinkedHashMap<>();
            HuggingFaceTensors.of(sizes).forEach((name, shape) -> {
                MemorySegment floats = arena.allocate(4 * Arrays.stream(shape).reduce(1, Math::multiplyExact), 4);
                whole.weights().read(name, floats);
                tensors.put(name, new TensorData(shape, floats));
            });
            ModelWriter.write(minilm, description, tensors, whole.tokenizer(), ModelWriter.Existing.REPLACE);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"mlp,qkvo 4", "qk,vo 8", "q,k,v,o 6", "o 4", "qk 4", "k 2", "mlp,v 12"})
    void isTheDenseModelUntilItSaves(String layers, @TempDir Path directory) throws IOException {
        String[] parts = layers.split(" ");
        try (Backend backend = VectorBackend.open(2);
                ModelFiles files = Models.open(minilm);
                Encoder adaptive = Encoder.load(files, backend)) {
            float[][] dense = encode(adaptive, Budget.FULL);
            long fullFlops = (long) adaptive.flopsPerToken(1, 1);
            TestModels.acmize(adaptive, AdaptiveLayers.parse(parts[0], Integer.parseInt(parts[1])), texts);
            assertThat((long) adaptive.flopsPerToken(1, 1)).isEqualTo(fullFlops);
            float[][] full = encode(adaptive, Budget.FULL);
            double largest = distance(full, dense);
            LOG.info("{}: full budget is {} from the dense model", layers, largest);
            // Rotated weights are rounded to floats once more, and products sum in another order.
            assertThat(largest).isLessThan(4e-6);
            assertThat(distance(encode(adaptive, Budget.fixed(0.5)), dense)).isBetween(0.01, 1.2);

            TestModels.randomizeGates(adaptive, 0.3);
            try (ModelFiles saved = saved(adaptive, files, directory.resolve("adaptive"));
                    Encoder read = Encoder.load(saved, backend)) {
                for (Budget budget : List.of(Budget.FULL, Budget.flops(0.5), Budget.fixed(0.25), Budget.hard(0.5))) {
                    assertThat(encode(read, budget)).as("saved, %s", budget).isDeepEqualTo(encode(adaptive, budget));
                }
            }
        }
    }

    /** Token by token other learners, in all precisions, of the same cuts: another precision would cut elsewhere. Bytes take badly to inputs that are noise. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "qk,v,o|VECTOR|F32|2e-6",
                "q|VECTOR|F32|2e-6",
                "v|VECTOR|F32|2e-6",
                "o|VECTOR|F32|2e-6",
                "k,o|VECTOR|F32|2e-6",
                "qk,v,o|ONEDNN|F32|2e-6",
                "qk,v,o|ONEDNN|BF16|1e-2",
                "qk,v,o|ONEDNN|S8|0.05"
            })
    void groupedPathEqualsTheMaskedPathOfTraining(
            String layers, BackendChoice.Kind kind, Precision precision, double bound, @TempDir Path directory)
            throws IOException {
        try (Backend backend = open(kind, precision);
                Backend exact = VectorBackend.open(1);
                Encoder reference = adaptive(layers, exact);
                ModelFiles dense = Models.open(minilm);
                ModelFiles files = saved(reference, dense, directory.resolve("adaptive"));
                Encoder tested = Encoder.load(files, backend);
                var workspace = backend.workspace(1L << 28);
                var exactWorkspace = exact.workspace(1L << 28)) {
            var block = (AdaptiveAttention) tested.adaptiveBlocks().get(1);
            var plain = (AdaptiveAttention) reference.adaptiveBlocks().get(1);
            TokenBatch batch = TokenBatch.of(texts.toArray(int[][]::new));
            Matrix x = Matrix.gaussian(batch.tokens(), tested.hidden(), 1, new SplittableRandom(5));
            for (double share : new double[] {0.1, 0.25, 0.5, 0.75}) {
                var counts = new ArrayList<int[]>();
                Pass pass = new Pass(backend.stream(), workspace)
                        .begin(Budget.flops(share))
                        .with(
                                LearnerObserver.class,
                                (module, learners, tokens, gated) -> counts.add(Arrays.copyOf(learners, tokens)))
                        .over(batch);
                Matrix grouped = Matrix.of(block.forward(pass, tensor(pass, x), tensor(pass, x)));

                Pass masked = new Pass(exact.stream(), exactWorkspace)
                        .begin(Budget.FULL)
                        .over(batch);
                masked.train(new Tape());
                var running = new ArrayList<Tensor>();
                for (int[] chosen : counts) {
                    assertThat(Arrays.stream(chosen).distinct().count())
                            .as("different counts")
                            .isGreaterThan(2);
                    Matrix runs = Matrix.zeros(batch.tokens(), LEARNERS);
                    for (int token = 0; token < chosen.length; token++) {
                        Arrays.fill(runs.values(), token * LEARNERS, token * LEARNERS + chosen[token], 1);
                    }
                    running.add(tensor(masked, runs));
                }
                Tensor outputs = plain.outputs(masked, tensor(masked, x), running);
                Matrix expected = Matrix.of(Sums.of(masked, outputs, tensor(masked, x)));
                double distance = grouped.distance(expected);
                LOG.info("{}, {} {}, budget {}: {} from the masked path", layers, kind, precision, share, distance);
                assertThat(distance).isLessThan(bound * expected.largest());
            }
        }
    }

    /** Where all tokens of a pass have all learners, blocks go another way than beside tokens that have fewer. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "mlp,qk,vo|VECTOR|F32",
                "qkvo|VECTOR|F32",
                "v|VECTOR|F32",
                "mlp,qk,vo|ONEDNN|F32",
                "mlp,qk,vo|ONEDNN|BF16",
                "mlp,qk,vo|ONEDNN|S8"
            })
    void fullBudgetHasTheSameBitsBesideLowerOnes(String layers, BackendChoice.Kind kind, Precision precision)
            throws IOException {
        try (Backend backend = open(kind, precision);
                Encoder encoder = adaptive(layers, backend);
                var sessions = new Sessions(encoder, backend, 1024, 1)) {
            List<Budget> budgets = IntStream.range(0, texts.size())
                    .mapToObj(i -> i % 2 == 0 ? Budget.FULL : Budget.flops(0.5))
                    .toList();
            float[][] mixed = sessions.encode(texts, budgets, null);
            var told = new HashMap<String, Integer>();
            float[][] full = sessions.encode(
                    texts,
                    Budget.FULL,
                    (module, learners, tokens, gated) -> told.merge(
                            module, Arrays.stream(learners, 0, tokens).sum(), Integer::sum));
            int tokens = texts.stream().mapToInt(text -> text.length).sum();
            assertThat(told)
                    .hasSameSizeAs(encoder.acms())
                    .allSatisfy((module, learners) ->
                            assertThat(learners).as(module).isEqualTo(tokens * LEARNERS));
            for (int i = 0; i < texts.size(); i++) {
                if (i % 2 == 0) {
                    assertThat(mixed[i]).as("text %d", i).isEqualTo(full[i]);
                } else {
                    assertThat(mixed[i]).as("text %d", i).isNotEqualTo(full[i]);
                }
            }
        }
    }

    private static Backend open(BackendChoice.Kind kind, Precision precision) {
        return kind == BackendChoice.Kind.ONEDNN ? TestModels.oneDnn(precision, 2) : VectorBackend.open(2);
    }

    private static ModelFiles saved(Encoder encoder, ModelFiles tokenizer, Path directory) throws IOException {
        encoder.save(directory, tokenizer.tokenizer(), ModelWriter.Existing.KEEP);
        return Models.open(directory);
    }

    private Encoder adaptive(String layers, Backend backend) throws IOException {
        try (ModelFiles files = Models.open(minilm)) {
            Encoder encoder = Encoder.load(files, backend);
            TestModels.acmize(encoder, AdaptiveLayers.parse(layers, LEARNERS), texts);
            TestModels.randomizeGates(encoder, 0.3);
            return encoder;
        }
    }

    private static Tensor tensor(Pass pass, Matrix matrix) {
        Tensor tensor = pass.tensor(matrix.rows(), matrix.columns());
        matrix.copyTo(tensor);
        return tensor;
    }

    private float[][] encode(Encoder encoder, Budget budget) {
        try (var sessions = new Sessions(encoder, encoder.parameters().backend(), 1024, 1)) {
            return sessions.encode(texts, budget, null);
        }
    }

    private static double distance(float[][] a, float[][] b) {
        double largest = 0;
        for (int i = 0; i < a.length; i++) {
            double squares = 0;
            for (int j = 0; j < a[i].length; j++) {
                squares += Math.pow(a[i][j] - b[i][j], 2);
            }
            largest = Math.max(largest, Math.sqrt(squares));
        }
        assertThat(Arrays.stream(a)).isNotEmpty();
        return largest;
    }
}
