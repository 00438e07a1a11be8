package io.tokenwise.backend.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.ChildJvm;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.fakecuda.FakeCounts;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.bert.BertArchitecture;
import io.tokenwise.model.open.Models;
import io.tokenwise.natives.cuda.CudaException;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.session.Sessions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** On the simulated device a forward that comes again is one graph, with the bits that it has launched one by one. For one of other lengths see {@link BucketGraphsTest}. */
class ForwardGraphTest {
    private static final Logger LOG = LoggerFactory.getLogger(ForwardGraphTest.class);

    /** The least whose products, also those of a learner of four, are large enough to be narrowed. */
    private static final BertArchitecture SIZES =
            new BertArchitecture(64, 2, 4, 128, TinyModels.VOCABULARY, 40, 2, 1e-12);

    private static final List<int[]> TEXTS = TinyModels.texts(3, 9, 1, 7);
    private static final int TOKENS = 20;
    private static final Budget HALF = Budget.flops(0.5);
    private static final Budget HARD = Budget.hard(0.5);
    private static final Budget RANDOM = Budget.shuffled(0.5, 3);

    private static final int INVALID_VALUE = 1;
    private static final int OUT_OF_MEMORY = 2;

    /** Breaks the context. */
    private static final int ILLEGAL_ADDRESS = 700;

    @TempDir
    static Path folder;

    private FakeControls controls;
    private List<String> leaks = List.of();
    private CudaBackend device;
    private Encoder encoder;
    private Sessions sessions;

    /** Closed ones whose streams no other may take over: with what a stream has made already a forward is fewer calls, and which one is the n-th would hang on the collector. */
    private final List<Sessions> held = new ArrayList<>();

    @BeforeAll
    static void write() throws IOException {
        TinyModels.write(folder, SIZES, 4, TEXTS);
    }

    @BeforeEach
    void start() {
        controls = FakeDevice.start();
    }

    private void open(String model, Precision precision) throws IOException {
        try {
            device = CudaBackend.open(precision);
        } catch (CudaUnavailableException e) {
            throw new AssertionError(e);
        }
        try (ModelFiles files = Models.open(folder.resolve(model))) {
            encoder = Encoder.load(files, device);
        }
        sessions = new Sessions(encoder, device, 1024, 1);
    }

    @AfterEach
    void close() {
        if (device != null) {
            sessions.close();
            encoder.close();
            device.close();
        }
        if (leaks != null) {
            assertThat(controls.leaks()).isEqualTo(leaks);
        }
    }

    private float[][] encode(List<int[]> texts, Budget budget) {
        return sessions.encode(texts, budget, null);
    }

    private float[][] withoutGraphs(String model, Precision precision, List<int[]> texts, Budget budget)
            throws IOException {
        System.setProperty("tokenwise.cuda.synchronous", "true");
        try {
            open(model, precision);
            encode(texts, budget);
            encode(texts, budget);
            float[][] vectors = encode(texts, budget);
            assertThat(controls.counts().graphLaunches()).isZero();
            return vectors;
        } finally {
            System.clearProperty("tokenwise.cuda.synchronous");
            close();
            controls.reset();
        }
    }

    /** The same lengths, other tokens. */
    private static List<int[]> others(List<int[]> texts, int by) {
        var others = new ArrayList<int[]>();
        for (int[] text : texts) {
            int[] other = text.clone();
            for (int i = 0; i < other.length; i++) {
                other[i] = (other[i] + by) % TinyModels.VOCABULARY;
            }
            others.add(other);
        }
        return others;
    }

    @ParameterizedTest
    @CsvSource({"dense, F32", "dense, BF16", "dense, S8", "adaptive, F32", "adaptive, BF16", "adaptive, S8"})
    void warmForwardIsOneGraphWithTheSameBits(String model, Precision precision) throws IOException {
        for (Budget budget : model.equals("dense") ? List.of(Budget.FULL) : List.of(Budget.FULL, HALF, HARD)) {
            List<int[]> texts = others(TEXTS, 2);
            float[][] expected = withoutGraphs(model, precision, texts, budget);
            open(model, precision);
            encode(TEXTS, budget);
            float[][] first = encode(TEXTS, budget);
            encode(others(TEXTS, 1), budget);
            FakeCounts before = controls.counts();
            float[][] found = encode(texts, budget);
            FakeCounts after = controls.counts();
            LOG.info(
                    "{}, {}, {}: {} launches in {} graphs, {} calls of the driver, {} bytes to the device in {} copies, {} to the host, {} on it",
                    model,
                    precision,
                    budget,
                    after.launches() - before.launches(),
                    after.graphLaunches() - before.graphLaunches(),
                    after.calls() - before.calls(),
                    after.bytesToDevice() - before.bytesToDevice(),
                    after.copiesToDevice() - before.copiesToDevice(),
                    after.copiesToHost() - before.copiesToHost(),
                    after.copiesOnDevice() - before.copiesOnDevice());
            assertThat(after.graphLaunches() - before.graphLaunches()).isEqualTo(1);
            assertThat(after.synchronizations() - before.synchronizations()).isEqualTo(1);
            assertThat(after.allocations()).isEqualTo(before.allocations());
            assertThat(after.pinnedBytes()).isEqualTo(before.pinnedBytes());
            assertThat(after.frees()).isEqualTo(before.frees());
            assertThat(after.copiesToDevice() - before.copiesToDevice()).isEqualTo(1);
            assertThat(after.bytesToDevice() - before.bytesToDevice()).isEqualTo(4 * TOKENS);
            assertThat(after.copiesToHost() - before.copiesToHost()).isEqualTo(1);
            assertThat(found).isDeepEqualTo(expected);
            assertThat(encode(TEXTS, budget)).isDeepEqualTo(first);
            close();
            controls.reset();
        }
    }

    /** The host deals what gates have chosen to a random control's tokens: each part between two reads is a graph. */
    @Test
    void forwardThatReadsInBetweenIsOneGraphForEachPart() throws IOException {
        float[][] expected = withoutGraphs("adaptive", Precision.F32, TEXTS, RANDOM);
        open("adaptive", Precision.F32);
        encode(TEXTS, RANDOM);
        encode(TEXTS, RANDOM);
        FakeCounts before = controls.counts();
        assertThat(encode(TEXTS, RANDOM)).isDeepEqualTo(expected);
        FakeCounts after = controls.counts();
        assertThat(after.graphLaunches() - before.graphLaunches())
                .isBetween(1L, after.synchronizations() - before.synchronizations());
    }

    @Test
    void shapesInTurnEachHaveTheirGraph() throws IOException {
        List<List<int[]>> shapes = List.of(
                TEXTS,
                TinyModels.texts(5),
                TinyModels.texts(1, 1),
                TinyModels.texts(38, 40, 12, 33, 40, 2),
                TinyModels.texts(6));
        open("adaptive", Precision.BF16);
        List<float[][]> expected = new ArrayList<>();
        for (List<int[]> texts : shapes) {
            expected.add(encode(texts, HALF));
        }
        for (int round = 0; round < 4; round++) {
            for (int i = 0; i < shapes.size(); i++) {
                FakeCounts before = controls.counts();
                assertThat(encode(shapes.get(i), HALF)).isDeepEqualTo(expected.get(i));
                FakeCounts after = controls.counts();
                if (round > 1) {
                    assertThat(after.graphLaunches() - before.graphLaunches())
                            .as("round %d, shape %d", round, i)
                            .isEqualTo(1);
                    assertThat(after.allocations()).isEqualTo(before.allocations());
                    assertThat(after.pinnedBytes()).isEqualTo(before.pinnedBytes());
                }
            }
        }
    }

    /** What is in flight is ordered by events alone; a seed lets the simulated streams run in another order. */
    @ParameterizedTest
    @ValueSource(longs = {0, 1, 7, 42})
    void streamsAtOnceHaveTheSameBits(long seed) throws Exception {
        open("adaptive", Precision.F32);
        List<List<int[]>> shapes = List.of(TEXTS, TinyModels.texts(5, 2), TinyModels.texts(12));
        List<float[][]> expected =
                shapes.stream().map(texts -> encode(texts, HALF)).toList();
        controls.seed(seed);
        long before = controls.counts().graphLaunches();
        int rounds = 5;
        try (var several = new Sessions(encoder, device, 1024, 3);
                var platform = Executors.newFixedThreadPool(2);
                var virtual = Executors.newVirtualThreadPerTaskExecutor()) {
            var calls = new ArrayList<Future<?>>();
            for (int caller = 0; caller < 4; caller++) {
                List<int[]> texts = shapes.get(caller % shapes.size());
                float[][] vectors = expected.get(caller % shapes.size());
                calls.add((caller % 2 == 0 ? platform : virtual).submit(() -> {
                    for (int i = 0; i < rounds; i++) {
                        assertThat(several.encode(texts, HALF, null)).isDeepEqualTo(vectors);
                    }
                }));
            }
            for (Future<?> call : calls) {
                call.get();
            }
        }
        assertThat(controls.counts().graphLaunches()).isGreaterThan(before);
    }

    /** An injected error is the only one: the call that meets it throws once, and the next one is right. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void errorOfAnyCallIsThrownOnce(int forward) throws IOException {
        open("dense", Precision.F32);
        List<int[]> texts = TinyModels.texts(2, 3);
        float[][] expected = encode(texts, Budget.FULL);
        for (int error : new int[] {INVALID_VALUE, OUT_OF_MEMORY}) {
            int n = 0;
            boolean isPast = false;
            int thrown = 0;
            while (!isPast) {
                n++;
                try (var others = new Sessions(encoder, device, 1024, 1)) {
                    held.add(others);
                    for (int i = 1; i < forward; i++) {
                        others.encode(texts, Budget.FULL, null);
                    }
                    long before = controls.counts().calls();
                    controls.failAt(n, error);
                    try {
                        assertThat(others.encode(texts, Budget.FULL, null)).isDeepEqualTo(expected);
                    } catch (CudaException | IllegalStateException e) {
                        assertThat(e.getMessage()).doesNotContain("\n").containsAnyOf("CUDA", "cuda");
                        thrown++;
                    }
                    isPast = controls.counts().calls() - before < n;
                    controls.failAt(0, 0);
                    for (int i = 0; i < 3; i++) {
                        assertThat(others.encode(texts, Budget.FULL, null))
                                .as("call %d of forward %d failed with %d", n, forward, error)
                                .isDeepEqualTo(expected);
                    }
                }
            }
            LOG.info("forward {}: {} calls failed with {}, {} of them threw", forward, n - 1, error, thrown);
            assertThat(thrown).isPositive();
        }
        if (forward == 2) {
            // The one call that was to destroy a graph once it was instantiated, for each error.
            leaks = List.of("2 graphs");
        }
    }

    @Test
    void graphsCanBeForbidden() throws IOException {
        float[][] expected = withoutGraphs("dense", Precision.F32, TEXTS, Budget.FULL);
        System.setProperty(CudaBackend.GRAPHS, "false");
        try {
            open("dense", Precision.F32);
            for (int i = 0; i < 3; i++) {
                assertThat(encode(TEXTS, Budget.FULL)).isDeepEqualTo(expected);
            }
            assertThat(controls.counts().graphLaunches()).isZero();
        } finally {
            System.clearProperty(CudaBackend.GRAPHS);
        }
    }

    @Test
    void brokenContextSaysSo() throws IOException {
        open("dense", Precision.F32);
        encode(TEXTS, Budget.FULL);
        encode(TEXTS, Budget.FULL);
        long before = controls.counts().calls();
        encode(TEXTS, Budget.FULL);
        // The last calls are cuGraphLaunch, the copy and the wait, each after cuCtxSetCurrent.
        controls.failAt(controls.counts().calls() - before - 4, ILLEGAL_ADDRESS);
        assertThatThrownBy(() -> encode(TEXTS, Budget.FULL))
                .isInstanceOf(CudaException.class)
                .hasMessageContaining("cuGraphLaunch");
        assertThatThrownBy(() -> encode(TEXTS, Budget.FULL))
                .isInstanceOf(CudaException.class)
                .hasMessageContaining("broken since cuGraphLaunch");
        // The simulated driver refuses all calls of a broken context, those that free too.
        leaks = null;
    }

    /** Addresses change, and with them what graphs are of; what was captured before is not run by mistake. */
    @Test
    void memoryThatGrowsGivesNewGraphs() throws IOException {
        List<int[]> large = TinyModels.texts(40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40);
        float[][] expectedLarge = withoutGraphs("adaptive", Precision.F32, large, HALF);
        float[][] expected = withoutGraphs("adaptive", Precision.F32, TEXTS, HALF);
        open("adaptive", Precision.F32);
        for (int i = 0; i < 3; i++) {
            assertThat(encode(TEXTS, HALF)).isDeepEqualTo(expected);
        }
        long allocations = controls.counts().allocations();
        for (int i = 0; i < 3; i++) {
            assertThat(encode(large, HALF)).isDeepEqualTo(expectedLarge);
        }
        assertThat(controls.counts().allocations()).isGreaterThan(allocations);
        for (int i = 0; i < 3; i++) {
            assertThat(encode(TEXTS, HALF)).isDeepEqualTo(expected);
        }
        long graphs = controls.counts().graphLaunches();
        assertThat(encode(large, HALF)).isDeepEqualTo(expectedLarge);
        assertThat(encode(TEXTS, HALF)).isDeepEqualTo(expected);
        assertThat(controls.counts().graphLaunches() - graphs).isEqualTo(2);
    }

    @Test
    void warmForwardsAllocateNothingForTheirLaunches(@TempDir Path scratch) throws Exception {
        // A JVM of its own: what else a JVM has run decides how C2 compiles what is shared. It compiles early, since a
        // simulated forward takes milliseconds, but not all that ever ran, which takes longer.
        Process child = ChildJvm.of(
                        List.of("-XX:CompileThresholdScaling=0.1"),
                        WarmDeviceForward.class,
                        folder.resolve("adaptive").toString(),
                        scratch.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String output = new String(child.getInputStream().readAllBytes(), UTF_8);
        assertThat(child.waitFor()).isZero();
        assertThat(output).isEmpty();
    }
}
