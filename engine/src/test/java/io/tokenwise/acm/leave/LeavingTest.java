package io.tokenwise.acm.leave;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.TestModels;
import io.tokenwise.TestVits;
import io.tokenwise.acm.choose.Spending;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.NewEncoder;
import io.tokenwise.model.open.Models;
import io.tokenwise.model.vit.VitArchitecture;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.HostTensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A model whose tokens leave, with random weights. */
class LeavingTest {
    static final List<int[]> TEXTS = TestModels.sequences(1, 2, 3, 5, 12, 40, 7, 23, 12, 31);

    @TempDir
    Path folder;

    private ModelFiles dense;

    @BeforeEach
    void write() throws Exception {
        TestModels.write(folder.resolve("dense"), TestModels.WIDER);
        dense = Models.open(folder.resolve("dense"));
    }

    static float[][] encode(Encoder model, Backend backend, List<int[]> texts, Budget budget) {
        try (var sessions = new Sessions(model, backend, 256, 1)) {
            return sessions.encode(texts, budget, null);
        }
    }

    @Test
    void fullBudgetIsTheDenseModelWhoseUnitsAreOrdered() {
        try (Backend backend = VectorBackend.open(1);
                Encoder teacher = Encoder.load(dense, backend);
                Encoder model = TestModels.shortPath(dense, backend)) {
            float[][] wanted = encode(teacher, backend, TEXTS, Budget.FULL);
            float[][] full = encode(model, backend, TEXTS, Budget.FULL);
            float[][] half = encode(model, backend, TEXTS, Budget.flops(0.5));
            for (int i = 0; i < wanted.length; i++) {
                for (int column = 0; column < wanted[i].length; column++) {
                    assertThat(full[i][column]).isCloseTo(wanted[i][column], Offset.offset(1e-5f));
                }
                assertThat(half[i]).isNotEqualTo(full[i]);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void inputsOfDifferentBudgetsShareACallWithoutNoticing(Precision precision) {
        try (Backend backend = precision == Precision.F32 ? VectorBackend.open(2) : TestModels.oneDnn(precision, 2);
                Encoder model = TestModels.shortPath(dense, backend)) {
            var budgets = new ArrayList<Budget>();
            var texts = new ArrayList<int[]>();
            for (int[] text : TEXTS) {
                for (Budget budget : List.of(
                        Budget.FULL,
                        Budget.flops(0.3),
                        Budget.of(0.5),
                        Budget.flops(0.9),
                        Budget.fixed(0.6),
                        Budget.shuffled(0.6, 5))) {
                    texts.add(text);
                    budgets.add(budget);
                }
            }
            try (var sessions = new Sessions(model, backend, 256, 1)) {
                float[][] together = sessions.encode(texts, budgets, null);
                for (int i = 0; i < together.length; i++) {
                    float[] alone = sessions.encode(List.of(texts.get(i)), budgets.get(i), null)[0];
                    assertThat(together[i])
                            .as(texts.get(i).length + " tokens, " + budgets.get(i))
                            .isEqualTo(alone);
                }
            }
        }
    }

    /** The class token stays; all else of an image may leave. */
    @Test
    void patchesLeaveToo() throws Exception {
        var sizes = new VitArchitecture(96, 2, 3, 192, 12, 4, 5, 1e-6);
        List<int[]> images = TestVits.images(sizes, 3);
        try (Arena arena = Arena.ofConfined()) {
            TestVits.write(
                    folder.resolve("vit"),
                    TestVits.describe(sizes),
                    TestVits.weights(arena, sizes),
                    TestVits.Names.HUGGING_FACE);
        }
        try (ModelFiles files = Models.open(folder.resolve("vit"));
                Backend backend = VectorBackend.open(1);
                Encoder teacher = Encoder.load(files, backend);
                Encoder model = NewEncoder.withShortPath(
                        files, backend, vit -> encode(vit, backend, images, Budget.FULL), new SplittableRandom(5));
                var sessions = new Sessions(model, backend, 256, 1)) {
            float[][] wanted = encode(teacher, backend, images, Budget.FULL);
            float[][] full = sessions.encode(images, Budget.FULL, null);
            float[][] some = sessions.encode(images, Budget.flops(0.45), (module, stays, tokens, gated) -> {
                for (int image = 0; image < images.size(); image++) {
                    assertThat(stays[image * sizes.tokens()]).isEqualTo(1);
                }
                assertThat(Arrays.stream(stays, 0, tokens).sum()).isLessThan(tokens);
            });
            var spread = new ArrayList<int[]>();
            sessions.encode(images, Budget.fixed(0.8), (module, stays, tokens, gated) -> {
                spread.add(Arrays.copyOf(stays, tokens));
                for (int row = 0; row < tokens; row++) {
                    assertThat(stays[row]).as("token %d", row).isEqualTo(stays[row % sizes.tokens()]);
                }
                // Of three rows of three the corners stay, and the centre: no two of these are neighbours.
                assertThat(Arrays.copyOf(stays, sizes.tokens())).containsExactly(1, 1, 0, 1, 0, 1, 0, 1, 0, 1);
            });
            for (int i = 0; i < wanted.length; i++) {
                for (int column = 0; column < wanted[i].length; column++) {
                    assertThat(full[i][column]).isCloseTo(wanted[i][column], Offset.offset(1e-5f));
                }
                assertThat(some[i]).isNotEqualTo(full[i]);
                assertThat(sessions.encode(List.of(images.get(i)), Budget.flops(0.45), null)[0])
                        .isEqualTo(some[i]);
            }
            // Where the gate tells no patch from another those stay that are spread.
            StayGate gate = model.leaving().orElseThrow().gate();
            Parameter value = gate.value().weight().parameter();
            try (HostTensor values = value.write()) {
                for (int row = 0; row < values.rows(); row++) {
                    values.set(row, 0, 0);
                }
            }
            value.changed();
            gate.prepare(backend.stream());
            sessions.encode(
                    images,
                    Budget.flops(0.8),
                    (module, stays, tokens, gated) ->
                            assertThat(Arrays.copyOf(stays, tokens)).isEqualTo(spread.getFirst()));
        }
    }

    @Test
    void threadsChangeNothing() {
        List<float[][]> found = new ArrayList<>();
        for (int threads : List.of(1, 2)) {
            try (Backend backend = VectorBackend.open(threads);
                    Encoder model = TestModels.shortPath(dense, backend)) {
                found.add(encode(model, backend, TEXTS, Budget.flops(0.4)));
            }
        }
        assertThat(Arrays.deepEquals(found.get(0), found.get(1))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.45, 0.5, 0.7, 0.85, 0.99})
    void noInputCostsMoreThanAHardBudget(double share) {
        try (Backend backend = VectorBackend.open(1);
                Encoder model = TestModels.shortPath(dense, backend)) {
            for (int[] text : TestModels.sequences(12, 17, 25, 40)) {
                var spending = new Spending(model.modules());
                try (var sessions = new Sessions(model, backend, 256, 1)) {
                    sessions.encode(List.of(text), Budget.hard(share), spending);
                }
                ShortPlans plans = model.leaving().orElseThrow().plans();
                ShortPlan plan = plans.plan(text.length, Budget.hard(share));
                assertThat(plans.flopsShare(text.length, plan)).isLessThanOrEqualTo(share);
                assertThat(spending.meanLearners())
                        .as("rows that observers saw")
                        .isEqualTo((double) plan.rows() / text.length);
            }
        }
    }

    @Test
    void budgetsBelowTheLeastAreRefusedIfHardAndMetAsNearlyAsCanBeIfSoft() {
        try (Backend backend = VectorBackend.open(1);
                Encoder model = TestModels.shortPath(dense, backend)) {
            List<int[]> text = TestModels.sequences(5);
            assertThatThrownBy(() -> encode(model, backend, text, Budget.hard(0.01)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("a hard budget of 0.01 does not reach for 3 of 5 tokens");
            ShortPlan plan = model.plan(text.getFirst(), Budget.flops(0.01));
            assertThat(plan.rows()).as("the marks and one token").isEqualTo(3);
            assertThat(plan.narrowLayers())
                    .isEqualTo(model.description().architecture().layers());
            assertThat(encode(model, backend, text, Budget.flops(0.01))[0]).doesNotContain(Float.NaN);
        }
    }

    @Test
    void longTextsAskTheGate() {
        try (Backend backend = VectorBackend.open(1);
                Encoder model = TestModels.shortPath(dense, backend)) {
            int[] stays = stays(model, backend, TestModels.sequences(40).getFirst(), 40);
            assertThat(stays[0] + stays[39]).isEqualTo(2);
            assertThat(Arrays.stream(stays).sum())
                    .isEqualTo(model.leaving()
                            .orElseThrow()
                            .plans()
                            .plan(40, Budget.flops(0.3))
                            .rows());
        }
    }

    @Test
    void ofShortTextsTheTokensStayThatAreWorthEnough() {
        try (Backend backend = VectorBackend.open(1);
                Encoder model = TestModels.shortPath(dense, backend)) {
            int[] text = TestModels.sequences(20).getFirst();
            int[] stays = stays(model, backend, text, 0);
            double least = model.leaving().orElseThrow().plans().leastWorth(20, Budget.flops(0.3));
            int[] wanted;
            try (HostTensor table = model.leaving().orElseThrow().gate().table().read()) {
                wanted = IntStream.range(0, 20)
                        .map(i -> i == 0 || i == 19 || table.get(0, text[i]) >= least ? 1 : 0)
                        .toArray();
            }
            assertThat(Arrays.stream(wanted).sum()).isBetween(4, 19);
            assertThat(stays).isEqualTo(wanted);
            assertThat(model.plan(text, Budget.flops(0.3)).rows())
                    .isEqualTo(Arrays.stream(wanted).sum());
        }
    }

    @Test
    void wordsThatLeaveShortTextsLeaveThemAll() {
        try (Backend backend = VectorBackend.open(1);
                Encoder model = TestModels.shortPath(dense, backend)) {
            Leaving leaving = model.leaving().orElseThrow();
            Budget budget = Budget.flops(0.3);
            double least = leaving.plans().leastWorth(20, budget);
            for (int tokens : new int[] {18, 20, 24, 32}) {
                assertThat(leaving.plans().leastWorth(tokens, budget))
                        .as(tokens + " tokens")
                        .isEqualTo(least);
            }
            for (int[] text : TestModels.sequences(18, 20, 24, 32)) {
                assertThat(model.plan(text, Budget.of(0.3, budget.unit(), Budget.Routing.RANDOM, 5)))
                        .as("a control lets as many stay")
                        .isEqualTo(model.plan(text, budget));
            }
            assertThat(leaving.plans().leastWorth(20, Budget.hard(0.5))).isNaN();
            assertThat(leaving.plans().leastWorth(33, budget)).isNaN();
        }
    }

    @Test
    void aTextAllOfWhoseTokensWouldLeaveKeepsItsBest() {
        try (Backend backend = VectorBackend.open(1);
                Encoder model = TestModels.shortPath(dense, backend)) {
            int[] text = TestModels.sequences(20).getFirst();
            Parameter table = model.leaving().orElseThrow().gate().table();
            try (HostTensor values = table.write()) {
                for (int token = 0; token < values.columns(); token++) {
                    values.set(0, token, token == text[7] ? -8 : -9);
                }
            }
            table.changed();
            int[] stays = stays(model, backend, text, 0);
            assertThat(Arrays.stream(stays).sum()).as("the marks and one token").isEqualTo(3);
            assertThat(stays[7]).isEqualTo(1);
        }
    }

    private static int[] stays(Encoder model, Backend backend, int[] text, int askedOfGate) {
        var seen = new ArrayList<int[]>();
        try (var sessions = new Sessions(model, backend, 256, 1)) {
            sessions.encode(List.of(text), Budget.flops(0.3), (module, stays, tokens, gated) -> {
                assertThat(module).isEqualTo(StayGate.PATH);
                assertThat(gated).isEqualTo(askedOfGate);
                seen.add(Arrays.copyOf(stays, tokens));
            });
        }
        return seen.getFirst();
    }

    @Test
    void aLowerBudgetNeverTakesLonger() {
        try (Backend backend = VectorBackend.open(1);
                Encoder model = TestModels.shortPath(dense, backend)) {
            ShortPlans plans = model.leaving().orElseThrow().plans();
            for (int tokens = 3; tokens <= 40; tokens++) {
                double least = plans.timeShare(tokens, plans.plan(tokens, Budget.of(0.01)));
                double time = 0;
                for (int hundredths = 1; hundredths <= 100; hundredths++) {
                    double share = hundredths / 100.0;
                    double now = plans.timeShare(tokens, plans.plan(tokens, Budget.of(share)));
                    assertThat(now).as(tokens + " tokens at " + share).isGreaterThanOrEqualTo(time);
                    if (tokens > StayGate.TABLE_TOKENS) {
                        assertThat(now).as(tokens + " tokens at " + share).isLessThanOrEqualTo(Math.max(least, share));
                    }
                    assertThat(now).as(tokens + " tokens at " + share).isLessThanOrEqualTo(1);
                    time = now;
                }
            }
        }
    }

    @Test
    void inputsOfOneBudgetHaveTheSameLayersWhateverTheirLength() {
        try (Backend backend = VectorBackend.open(1);
                Encoder model = TestModels.shortPath(dense, backend)) {
            for (double share : List.of(0.6, 0.75, 0.9)) {
                assertThat(IntStream.rangeClosed(24, 40)
                                .mapToObj(tokens -> model.leaving()
                                        .orElseThrow()
                                        .plans()
                                        .plan(tokens, Budget.flops(share))
                                        .narrowLayers())
                                .distinct())
                        .as("budget " + share)
                        .hasSize(1);
            }
        }
    }
}
