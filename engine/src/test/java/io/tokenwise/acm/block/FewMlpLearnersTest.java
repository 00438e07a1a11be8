package io.tokenwise.acm.block;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.TestModels;
import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.api.Budget;
import io.tokenwise.autograd.Matrix;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.Encoder;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Sums;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** MiniLM whose MLPs have 6 learners, of which 2 have weights: a token gets none, 1, 2 or all. */
class FewMlpLearnersTest {
    private static final int LEARNERS = 6;
    private static final int TRAINED = 2;

    private final Backend backend = VectorBackend.open(2);
    private final List<int[]> texts = TestModels.sequences(3, 40, 9, 128);
    private Encoder encoder;

    @BeforeEach
    void open() throws IOException {
        encoder = TestModels.builtIn("minilm", backend);
        TestModels.acmize(encoder, AdaptiveLayers.mlps(LEARNERS).withMlpLearners(TRAINED), texts);
        TestModels.randomizeGates(encoder, 0.3);
    }

    @AfterEach
    void close() {
        encoder.close();
        backend.close();
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.2, 0.35, 0.5, 0.75, 0.9, 1})
    void noTokenGetsACountThatHasNoWeights(double share) {
        for (Budget budget :
                List.of(Budget.flops(share), Budget.hard(share), Budget.fixed(share), Budget.shuffled(share, 1))) {
            var counts = new ArrayList<Integer>();
            encode(budget, counts);
            assertThat(counts).as("%s", budget).isSubsetOf(0, 1, 2, LEARNERS);
        }
    }

    @Test
    void gatesUseAllCounts() {
        var counts = new ArrayList<Integer>();
        encode(Budget.flops(0.5), counts);
        assertThat(counts).contains(1, 2, LEARNERS);
    }

    /** Modules take turns: what one could not spend a later one does, as far as there is a count for it. */
    @Test
    void staticBudgetsSpendTheirShareOverAllModules() {
        int modules = encoder.acms().size();
        for (double share : new double[] {0, 0.1, 1.0 / 6, 0.25, 0.5, 0.7, 1}) {
            var counts = new ArrayList<Integer>();
            encode(Budget.fixed(share), counts);
            double mean = counts.stream().mapToInt(Integer::intValue).average().orElseThrow();
            double wanted = share * LEARNERS;
            double mostLeft = (double) (LEARNERS - TRAINED) / modules;
            assertThat(mean).as("share %s", share).isBetween(wanted - mostLeft, wanted + 1e-9);
        }
    }

    @Test
    void groupedPathEqualsTheMaskedPathOfTraining() {
        var mlp = (AdaptiveMlp) encoder.adaptiveBlocks().get(2);
        Matrix x = Matrix.gaussian(300, encoder.hidden(), 1, new SplittableRandom(5));
        Matrix residual = Matrix.gaussian(300, encoder.hidden(), 1, new SplittableRandom(6));
        var counts = new int[x.rows()];
        try (var workspace = backend.workspace(1L << 28)) {
            Pass pass = new Pass(backend.stream(), workspace)
                    .begin(Budget.flops(0.5))
                    .with(
                            LearnerObserver.class,
                            (module, learners, tokens, gated) -> System.arraycopy(learners, 0, counts, 0, tokens))
                    .over(TokenBatch.of(new int[x.rows()]));
            Matrix grouped = Matrix.of(mlp.forward(pass, tensor(pass, x), tensor(pass, residual)));
            assertThat(counts).contains(1, 2, LEARNERS);

            pass.train(new Tape());
            Tensor running = pass.tensor(x.rows(), TRAINED + 1);
            try (HostTensor values = pass.stream().write(running)) {
                for (int token = 0; token < x.rows(); token++) {
                    mlp.acm().running(values, token, counts[token]);
                }
            }
            Tensor masked = Sums.of(pass, mlp.outputs(pass, tensor(pass, x), List.of(running)), tensor(pass, residual));
            Matrix expected = Matrix.of(masked);
            double bound = Math.sqrt(LEARNERS * mlp.width()) * Math.ulp(1f) / 2 * expected.largest();
            assertThat(grouped.distance(expected)).isLessThanOrEqualTo(bound);
        }
    }

    private static Tensor tensor(Pass pass, Matrix matrix) {
        Tensor tensor = pass.tensor(matrix.rows(), matrix.columns());
        matrix.copyTo(tensor);
        return tensor;
    }

    private void encode(Budget budget, List<Integer> counts) {
        try (var sessions = new Sessions(encoder, backend, 1024, 1)) {
            sessions.encode(
                    texts,
                    budget,
                    (module, learners, tokens, gated) ->
                            Arrays.stream(learners, 0, tokens).forEach(counts::add));
        }
    }
}
