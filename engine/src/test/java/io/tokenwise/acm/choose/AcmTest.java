package io.tokenwise.acm.choose;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.TestModels;
import io.tokenwise.acm.block.AdaptiveMlp;
import io.tokenwise.api.Budget;
import io.tokenwise.autograd.Matrix;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Sums;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** MiniLM with adaptive modules of 8 learners each: untrained, and with gates of random weights. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AcmTest {
    private static final Logger LOG = LoggerFactory.getLogger(AcmTest.class);
    private static final int LEARNERS = 8;
    private static final double[] SHARES = {0, 0.1, 0.25, 0.5, 0.75, 1};

    private final List<int[]> texts = TestModels.sequences(3, 9, 1, 17, 64, 5, 31, 128, 2, 12);
    private final Backend backend = VectorBackend.open(2);
    private float[][] dense;
    private float[][] untrained;
    private Encoder adaptive;
    private Path saved;

    @BeforeAll
    void open(@TempDir Path directory) throws IOException {
        saved = directory.resolve("adaptive");
        try (ModelFiles files = TestModels.files("minilm")) {
            adaptive = Encoder.load(files, backend);
            dense = encode(adaptive, texts, Budget.FULL, null);
            TestModels.acmize(adaptive, LEARNERS, texts);
            untrained = encode(adaptive, texts, Budget.FULL, null);
            TestModels.randomizeGates(adaptive, 0.3);
            adaptive.save(saved, files.tokenizer(), ModelWriter.Existing.KEEP);
        }
    }

    @AfterAll
    void close() {
        adaptive.close();
        backend.close();
    }

    /**
     * The same products summed in another order: each layer may be off by sqrt(terms) times half an epsilon relative to its norm, and
     * the layers' differences add up to at most their number times that; the vectors have norm 1.
     */
    @Test
    void untrainedAtFullBudgetEqualsTheDenseModel() {
        int layers = adaptive.acms().size();
        double bound = layers * Math.sqrt(LEARNERS * mlp(0).width()) * Math.ulp(1f) / 2;
        double largest = 0;
        for (int i = 0; i < texts.size(); i++) {
            double squares = 0;
            for (int j = 0; j < dense[i].length; j++) {
                double difference = dense[i][j] - untrained[i][j];
                squares += difference * difference;
            }
            largest = Math.max(largest, Math.sqrt(squares));
        }
        LOG.info("untrained ACM at full budget: norm of the difference to dense {}, bound {}", largest, bound);
        assertThat(largest).isLessThanOrEqualTo(bound);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.1, 0.25, 0.5, 0.75})
    void groupedPathEqualsTheMaskedPathOfTraining(double share) {
        AdaptiveMlp mlp = mlp(2);
        Matrix x = Matrix.gaussian(300, adaptive.hidden(), 1, new SplittableRandom(5));
        Matrix residual = Matrix.gaussian(300, adaptive.hidden(), 1, new SplittableRandom(6));
        var counts = new int[x.rows()];
        LearnerObserver observer =
                (module, learners, tokens, gated) -> System.arraycopy(learners, 0, counts, 0, tokens);
        try (var workspace = backend.workspace(1L << 28)) {
            Pass pass = new Pass(backend.stream(), workspace)
                    .begin(Budget.flops(share))
                    .with(LearnerObserver.class, observer)
                    .over(TokenBatch.of(new int[x.rows()]));
            Tensor grouped = mlp.forward(pass, tensor(pass, x), tensor(pass, residual));
            Set<Integer> different = new TreeSet<>(Arrays.stream(counts).boxed().toList());
            assertThat(different).as("learner counts that occur").hasSizeGreaterThan(4);

            pass.train(new Tape());
            Matrix running = Matrix.zeros(x.rows(), LEARNERS);
            for (int token = 0; token < x.rows(); token++) {
                Arrays.fill(running.values(), token * LEARNERS, token * LEARNERS + counts[token], 1);
            }
            Tensor masked = Sums.of(
                    pass, mlp.outputs(pass, tensor(pass, x), List.of(tensor(pass, running))), tensor(pass, residual));

            Matrix expected = Matrix.of(masked);
            double terms = LEARNERS * mlp.width();
            double bound = Math.sqrt(terms) * Math.ulp(1f) / 2 * expected.largest();
            assertThat(Matrix.of(grouped).distance(expected)).isLessThanOrEqualTo(bound);
        }
    }

    private AdaptiveMlp mlp(int layer) {
        return (AdaptiveMlp) adaptive.adaptiveBlocks().get(layer);
    }

    private static Tensor tensor(Pass pass, Matrix matrix) {
        Tensor tensor = pass.tensor(matrix.rows(), matrix.columns());
        matrix.copyTo(tensor);
        return tensor;
    }

    @Test
    void resultIsTheSameAloneInAnyBatchAndWithAnyNumberOfThreads() throws IOException {
        List<int[]> reversed = texts.reversed();
        Map<Budget, float[][]> together = new LinkedHashMap<>();
        for (Budget budget : budgets()) {
            float[][] expected = encode(adaptive, texts, budget, null);
            together.put(budget, expected);
            float[][] backwards = encode(adaptive, reversed, budget, null);
            for (int i = 0; i < texts.size(); i++) {
                assertSame(backwards[texts.size() - 1 - i], expected[i], budget + ", other way round, text " + i);
                float[] alone = encode(adaptive, List.of(texts.get(i)), budget, null)[0];
                assertSame(alone, expected[i], budget + ", alone, text " + i);
            }
        }
        for (int threads : new int[] {1, 3}) {
            try (Backend other = VectorBackend.open(threads);
                    ModelFiles files = Models.open(saved);
                    Encoder encoder = Encoder.load(files, other)) {
                together.forEach((budget, expected) -> {
                    float[][] found = encode(encoder, texts, budget, null);
                    for (int i = 0; i < texts.size(); i++) {
                        assertSame(found[i], expected[i], budget + ", saved, " + threads + " threads, text " + i);
                    }
                });
            }
        }
    }

    @Test
    void textsOfDifferentBudgetsShareACall() {
        List<Budget> kinds = budgets();
        List<int[]> many = new ArrayList<>();
        List<Budget> mixed = new ArrayList<>();
        var random = new SplittableRandom(3);
        for (int i = 0; i < 60; i++) {
            many.add(texts.get(random.nextInt(texts.size())));
            // Neighbours of the same budget and of different ones.
            mixed.add(i % 3 == 0 || i == 0 ? kinds.get(random.nextInt(kinds.size())) : mixed.getLast());
        }
        float[][] together;
        try (var sessions = new Sessions(adaptive, backend, 1024, 1)) {
            together = sessions.encode(many, mixed, null);
        }
        for (int i = 0; i < many.size(); i++) {
            float[] alone = encode(adaptive, List.of(many.get(i)), mixed.get(i), null)[0];
            assertSame(together[i], alone, "text " + i + ", " + mixed.get(i));
        }
    }

    private static List<Budget> budgets() {
        var budgets = new ArrayList<Budget>();
        for (double share : SHARES) {
            budgets.add(Budget.flops(share));
            budgets.add(Budget.hard(share));
            budgets.add(Budget.fixed(share));
        }
        return budgets;
    }

    private static void assertSame(float[] found, float[] expected, String what) {
        assertThat(Arrays.mismatch(found, expected)).as(what).isEqualTo(-1);
        for (float value : found) {
            assertThat(value).as(what).isFinite();
        }
    }

    /** What static width spends: modules take turns in rounding, so that their mean is the share that was asked for. */
    @Test
    void staticBudgetsSpendTheirShare() {
        int modules = adaptive.acms().size();
        for (double share : SHARES) {
            var spent = new int[1];
            encode(adaptive, texts, Budget.fixed(share), (module, learners, tokens, gated) -> {
                Arrays.stream(learners, 0, tokens).forEach(k -> assertThat(k).isEqualTo(learners[0]));
                spent[0] += learners[0];
            });
            assertThat(spent[0]).isEqualTo((int) Math.floor(share * LEARNERS * modules + 1e-9));
        }
    }

    @Test
    void shuffledBudgetsSpendWhatTheGatesSpend() {
        List<int[]> learned = new ArrayList<>();
        List<int[]> shuffled = new ArrayList<>();
        TestModels.sequences(64).forEach(text -> {
            spend(text, Budget.flops(0.5), learned);
            spend(text, Budget.shuffled(0.5, 1), shuffled);
        });
        // Only the first module sees the same tokens: from there on the other learners change them.
        assertThat(shuffled.getFirst()).isNotEqualTo(learned.getFirst());
        assertThat(Arrays.stream(shuffled.getFirst()).sorted().toArray())
                .isEqualTo(Arrays.stream(learned.getFirst()).sorted().toArray());
    }

    private void spend(int[] text, Budget budget, List<int[]> counts) {
        encode(
                adaptive,
                List.of(text),
                budget,
                (module, learners, tokens, gated) -> counts.add(Arrays.copyOf(learners, tokens)));
    }

    private static float[][] encode(Encoder encoder, List<int[]> texts, Budget budget, LearnerObserver observer) {
        try (var sessions = new Sessions(encoder, encoder.parameters().backend(), 1024, 1)) {
            return sessions.encode(texts, budget, observer);
        }
    }
}
