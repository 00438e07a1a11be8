package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.tokenwise.TestModels;
import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Staying;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.fakecuda.FakeCounts;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.Models;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A text model whose tokens leave, on the simulated device: the same tokens stay as on the CPU, and the host need not hear which. Of images see {@link VitOnDeviceTest}. */
class LeavingOnDeviceTest {
    private static final Logger LOG = LoggerFactory.getLogger(LeavingOnDeviceTest.class);

    /** Short ones, whose words say which stay, and longer ones, of which the gate says it. */
    private static final List<int[]> TEXTS = TestModels.sequences(40, 3, 20, 37, 1, 33, 32, 9, 12, 2);

    private static final List<int[]> LONG_TEXTS = TestModels.sequences(40, 34, 37);
    private static final int TOKENS = 40 + 34 + 37;

    private static final List<Budget> BUDGETS = List.of(
            Budget.FULL,
            Budget.flops(0.5),
            Budget.flops(0.3),
            Budget.hard(0.6),
            Budget.fixed(0.5),
            Budget.shuffled(0.5, 3));

    @TempDir
    static Path folder;

    private FakeControls controls;
    private Backend cpu;

    @BeforeAll
    static void write() throws IOException {
        TestModels.write(folder.resolve("dense"), TestModels.WIDER);
        try (Backend backend = VectorBackend.open(2);
                ModelFiles files = Models.open(folder.resolve("dense"));
                Encoder encoder = TestModels.shortPath(files, backend)) {
            encoder.save(folder.resolve("leaving"), files.tokenizer(), ModelWriter.Existing.KEEP);
        }
    }

    @BeforeEach
    void start() {
        controls = FakeDevice.start();
        cpu = VectorBackend.open(2);
    }

    @AfterEach
    void close() {
        cpu.close();
        assertThat(controls.leaks()).isEmpty();
    }

    private static Encoder load(Backend backend) throws IOException {
        try (ModelFiles files = Models.open(folder.resolve("leaving"))) {
            return Encoder.load(files, backend);
        }
    }

    private static float[][] encode(Encoder encoder, List<int[]> texts, Budget budget, LearnerObserver observer) {
        try (var sessions = new Sessions(encoder, encoder.parameters().backend(), 1024, 1)) {
            return sessions.encode(texts, budget, observer);
        }
    }

    @Test
    void theSameTokensStayAndVectorsAreNearTheCpu() throws IOException {
        try (Encoder expected = load(cpu);
                CudaBackend device = TinyModels.device(Precision.F32);
                Encoder encoder = load(device)) {
            for (Budget budget : BUDGETS) {
                // It does not reach for the shortest ones.
                List<int[]> texts = budget.routing() == Budget.Routing.HARD ? LONG_TEXTS : TEXTS;
                var wantedStays = new ArrayList<int[]>();
                var stays = new ArrayList<int[]>();
                float[][] wanted = encode(
                        expected,
                        texts,
                        budget,
                        (module, those, tokens, gated) -> wantedStays.add(Arrays.copyOf(those, tokens)));
                float[][] found = encode(
                        encoder,
                        texts,
                        budget,
                        (module, those, tokens, gated) -> stays.add(Arrays.copyOf(those, tokens)));
                assertThat(stays.toArray(int[][]::new))
                        .as("%s", budget)
                        .isDeepEqualTo(wantedStays.toArray(int[][]::new));
                boolean allStay = stays.stream().flatMapToInt(Arrays::stream).allMatch(stay -> stay == 1);
                assertThat(allStay).as("%s", budget).isEqualTo(budget.equals(Budget.FULL));
                assertThat(largestDifference(found, wanted)).as("%s", budget).isLessThan(1e-5);
            }
        }
    }

    /** Of each allocation of a first forward see {@link MemoryLimitOnDeviceTest}. */
    @Test
    void rowsAreChosenOnceThereIsMemoryForThem() {
        try (Side side = Side.device(Precision.F32)) {
            Tensor gateValues = side.random(9, 1);
            Staying staying = side.stream().staying();
            staying.begin(9, 1, 0, new float[0]);
            staying.most(9, 4, true, false);
            side.controls().failCall("cuMemAlloc_v2", 2);
            assertThatIllegalStateException().isThrownBy(() -> staying.choose(gateValues));
            staying.choose(gateValues);
            assertThat(Arrays.stream(staying.stays(), 0, 9).sum()).isEqualTo(4);
        }
    }

    private static double largestDifference(float[][] a, float[][] b) {
        return IntStream.range(0, a.length)
                .mapToDouble(i -> IntStream.range(0, a[i].length)
                        .mapToDouble(column -> Math.abs(a[i][column] - b[i][column]))
                        .max()
                        .orElseThrow())
                .max()
                .orElseThrow();
    }

    @ParameterizedTest
    @EnumSource(value = Precision.class, names = "S7", mode = EnumSource.Mode.EXCLUDE)
    void aTextGivesTheSameAloneAndInABatch(Precision precision) throws IOException {
        try (CudaBackend device = TinyModels.device(precision);
                Encoder encoder = load(device)) {
            for (Budget budget : List.of(Budget.flops(0.5), Budget.fixed(0.5))) {
                float[][] together = encode(encoder, TEXTS, budget, null);
                for (int i = 0; i < TEXTS.size(); i += 3) {
                    assertThat(encode(encoder, List.of(TEXTS.get(i)), budget, null)[0])
                            .as("%s, text %d", budget, i)
                            .isEqualTo(together[i]);
                }
            }
        }
    }

    /** Also with an observer, which hears after the pass which tokens stayed. */
    @ParameterizedTest
    @EnumSource(value = Precision.class, names = "S7", mode = EnumSource.Mode.EXCLUDE)
    void warmForwardIsOneGraph(Precision precision) throws IOException {
        for (Budget budget : BUDGETS.subList(1, BUDGETS.size())) {
            try (CudaBackend device = TinyModels.device(precision);
                    Encoder encoder = load(device);
                    var sessions = new Sessions(encoder, device, 1024, 1)) {
                List<int[]> texts = others(LONG_TEXTS);
                float[][] expected = encode(encoder, texts, budget, null);
                sessions.encode(LONG_TEXTS, budget, null);
                sessions.encode(LONG_TEXTS, budget, null);
                FakeCounts before = controls.counts();
                float[][] found = sessions.encode(texts, budget, null);
                FakeCounts after = controls.counts();
                assertThat(found).isDeepEqualTo(expected);
                assertOneGraph(before, after, 1);
                LOG.info("{}, {}: {} launches", precision, budget, after.launches() - before.launches());
                // A random control's values go up too, and what lies in between.
                if (budget.routing() != Budget.Routing.RANDOM) {
                    assertThat(after.bytesToDevice() - before.bytesToDevice()).isEqualTo(4 * TOKENS);
                }
                var stays = new ArrayList<Integer>();
                sessions.encode(
                        LONG_TEXTS,
                        budget,
                        (module, those, tokens, gated) ->
                                stays.add(Arrays.stream(those, 0, tokens).sum()));
                assertOneGraph(after, controls.counts(), 2);
                assertThat(stays)
                        .singleElement()
                        .isEqualTo(LONG_TEXTS.stream()
                                .mapToInt(text -> encoder.plan(text, budget).rows())
                                .sum());
            }
        }
    }

    /** One graph serves texts of other lengths too, of which others stay, and in the two short ones their words say it. */
    @Test
    void textsOfABucketAreOneGraph() throws IOException {
        List<int[]> first = TestModels.sequences(40, 20, 37, 33, 24);
        List<int[]> later = TestModels.sequences(36, 24, 40, 35, 21);
        Budget budget = Budget.flops(0.5);
        try (CudaBackend device = TinyModels.device(Precision.F32);
                Encoder encoder = load(device);
                var sessions = new Sessions(encoder, device, 1024, 1)) {
            assertThat(bucket(encoder, later, budget)).isEqualTo(bucket(encoder, first, budget));
            float[][] expected = encode(encoder, later, budget, null);
            sessions.encode(first, budget, null);
            sessions.encode(first, budget, null);
            FakeCounts before = controls.counts();
            assertThat(sessions.encode(later, budget, null)).isDeepEqualTo(expected);
            assertOneGraph(before, controls.counts(), 1);
        }
    }

    /** Of the tokens that stay. */
    private static int bucket(Encoder encoder, List<int[]> texts, Budget budget) {
        return Bucket.of(texts.stream()
                .mapToInt(text -> encoder.plan(text, budget).rows())
                .sum());
    }

    private static void assertOneGraph(FakeCounts before, FakeCounts after, int reads) {
        assertThat(after.graphLaunches() - before.graphLaunches()).isEqualTo(1);
        assertThat(after.synchronizations() - before.synchronizations()).isEqualTo(reads);
        assertThat(after.copiesToDevice() - before.copiesToDevice()).isEqualTo(1);
        assertThat(after.copiesToHost() - before.copiesToHost()).isEqualTo(reads);
    }

    /** As long, of other tokens. */
    private static List<int[]> others(List<int[]> texts) {
        return texts.stream()
                .map(text ->
                        Arrays.stream(text).map(token -> (token + 1) % 30_522).toArray())
                .toList();
    }
}
