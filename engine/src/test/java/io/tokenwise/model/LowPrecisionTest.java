package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.Embedding;
import io.tokenwise.TestModels;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.session.Sessions;
import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whole models on oneDNN in each precision: near float32, and each text's vector independent of all else. */
class LowPrecisionTest {
    private static final Logger LOG = LoggerFactory.getLogger(LowPrecisionTest.class);
    private static final Budget[] BUDGETS = {Budget.FULL, Budget.flops(0.5), Budget.fixed(0.25)};

    private final List<int[]> texts = TestModels.sequences(3, 9, 1, 17, 64, 5, 31, 128, 2, 12, 70);

    /** Random ids are no sentences: real text is nearer, see docs/lab/text-quality.md, Precisions. */
    @ParameterizedTest
    @CsvSource({"F32, 0.999999", "BF16, 0.9998", "S8, 0.99", "S7, 0.98"})
    void denseModelIsNearFloat32(Precision precision, double least) throws IOException {
        try (Backend exact = VectorBackend.open(2);
                Encoder expected = TestModels.builtIn("minilm", exact);
                Backend backend = TestModels.oneDnn(precision, 2);
                Encoder encoder = TestModels.builtIn("minilm", backend)) {
            float[][] a = encode(expected, texts, Budget.FULL);
            float[][] b = encode(encoder, texts, Budget.FULL);
            double lowest = 1;
            for (int i = 0; i < a.length; i++) {
                lowest = Math.min(lowest, Embedding.cosine(a[i], b[i]));
            }
            LOG.info("{}: lowest cosine to float32 {}", precision, lowest);
            assertThat(lowest).isGreaterThan(least);
        }
    }

    /**
     * The same learners for all tokens, since gates that hesitate may choose otherwise in another precision. Untrained
     * learners make more of a rounding than the dense model does.
     */
    @ParameterizedTest
    @CsvSource({"F32, 0.999999", "BF16, 0.998", "S8, 0.98", "S7, 0.95"})
    void learnersGiveWhatTheyGiveInFloat32(Precision precision, double least) throws IOException {
        try (Backend exact = VectorBackend.open(2);
                Encoder expected = adaptive(exact, 4);
                Backend backend = TestModels.oneDnn(precision, 2);
                Encoder encoder = adaptive(backend, 4)) {
            for (double share : new double[] {0.25, 0.4, 0.5, 0.75, 1}) {
                float[][] a = encode(expected, texts, Budget.fixed(share));
                float[][] b = encode(encoder, texts, Budget.fixed(share));
                for (int i = 0; i < a.length; i++) {
                    assertThat(Embedding.cosine(a[i], b[i]))
                            .as("%s, %s of the learners, text %d", precision, share, i)
                            .isGreaterThan(least);
                }
            }
        }
    }

    /** With more learners than prefixes, so that all ways to run a slice meet: joined to those before it, and alone. */
    @ParameterizedTest
    @EnumSource(Precision.class)
    void resultIsTheSameAloneInAnyBatchAndWithAnyNumberOfThreads(Precision precision) throws IOException {
        try (Backend backend = TestModels.oneDnn(precision, 1);
                Encoder one = adaptive(backend, 6);
                Backend other = TestModels.oneDnn(precision, 3);
                Encoder three = adaptive(other, 6)) {
            for (Budget budget : BUDGETS) {
                float[][] expected = encode(one, texts, budget);
                float[][] backwards = encode(one, texts.reversed(), budget);
                float[][] found = encode(three, texts, budget);
                for (int i = 0; i < texts.size(); i++) {
                    String what = precision + ", " + budget + ", text " + i;
                    assertThat(found[i]).as(what + ", three threads").isEqualTo(expected[i]);
                    assertThat(backwards[texts.size() - 1 - i])
                            .as(what + ", other way round")
                            .isEqualTo(expected[i]);
                    float[] alone = encode(one, List.of(texts.get(i)), budget)[0];
                    assertThat(alone).as(what + ", alone").isEqualTo(expected[i]);
                }
            }
        }
    }

    /** Alone all rows use the same slices, which may then be one product; beside others each slice is its own. */
    @ParameterizedTest
    @EnumSource(Precision.class)
    void resultIsTheSameBesideTextsOfOtherBudgets(Precision precision) throws IOException {
        try (Backend backend = TestModels.oneDnn(precision, 1);
                Encoder encoder = adaptive(backend, 6);
                var sessions = new Sessions(encoder, backend, 1024, 1)) {
            var shares = new double[] {1. / 6, 0.5, 5. / 6, 1};
            List<Budget> budgets = IntStream.range(0, texts.size())
                    .mapToObj(i -> Budget.fixed(shares[i % shares.length]))
                    .toList();
            float[][] together = sessions.encode(texts, budgets, null);
            for (int i = 0; i < texts.size(); i++) {
                assertThat(sessions.encode(List.of(texts.get(i)), budgets.get(i), null)[0])
                        .as("%s, text %d", precision, i)
                        .isEqualTo(together[i]);
            }
        }
    }

    private Encoder adaptive(Backend backend, int learners) throws IOException {
        Encoder encoder = TestModels.builtIn("minilm", backend);
        TestModels.acmize(encoder, learners, texts);
        TestModels.randomizeGates(encoder, 0.3);
        return encoder;
    }

    private static float[][] encode(Encoder encoder, List<int[]> texts, Budget budget) {
        try (var sessions = new Sessions(encoder, encoder.parameters().backend(), 1024, 1)) {
            return sessions.encode(texts, budget, null);
        }
    }
}
