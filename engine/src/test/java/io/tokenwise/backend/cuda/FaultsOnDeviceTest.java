package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.Precision;
import io.tokenwise.distill.DistillConfig;
import io.tokenwise.distill.Distillation;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.natives.cuda.CudaException;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.session.Sessions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Each call of the driver fails once, of loading a model and a forward, and of training: that is one error of one line, or none where the call does not matter, all
 * is given back, and the next backend works. Of loading, of a forward and of training, and of what ends the context, a usual run takes one call of 7 to 614.
 */
class FaultsOnDeviceTest {
    private static final Logger LOG = LoggerFactory.getLogger(FaultsOnDeviceTest.class);

    /** Every call fails, not one of so many: {@code ./tokenwise test engine -Dtest=FaultsOnDeviceTest -Dtokenwise.long=true}. */
    private static final boolean ALL = Boolean.getBoolean("tokenwise.long");

    /** After so many faults, what a new backend gives is compared with what it gave before all. */
    private static final int BETWEEN_COMPARISONS = ALL ? 40 : 4;

    /** Calls of a step: with fewer it was none. */
    private static final int FEWEST_CALLS = 90;

    private static final List<int[]> TEXTS = TinyModels.texts(5, 9, 17, 3);

    /** Tokens of a step. */
    private static final int TOKENS = 30;

    /** For what is made anew for each call that fails: each text takes a simulated block of attention a head. */
    private static final List<int[]> SHORT_TEXTS = TinyModels.texts(2, 3);

    private static final int FEW_TOKENS = 4;

    @TempDir
    static Path folder;

    private static ModelFiles dense;
    private static ModelFiles adaptive;

    private FakeControls controls;

    private static final int OUT_OF_MEMORY = 2;
    private static final int ILLEGAL_ADDRESS = 700;
    private static final int LAUNCH_FAILED = 719;

    /** What it refuses to take is left over: of the calls that give something back, what that is called there. */
    private static final Map<String, String> GIVING_BACK = Map.of(
            "cuMemFree_v2", "allocation",
            "cuMemFreeHost", "pinned memory",
            "cuStreamDestroy_v2", "streams",
            "cuEventDestroy_v2", "events",
            "cuModuleUnload", "modules",
            "cuGraphDestroy", "graphs",
            "cuGraphExecDestroy", "executable graphs");

    /** Closing goes on, and so does what can do without. */
    private static final Set<String> IGNORED = Set.of(
            "cuCtxSetCurrent",
            "cuMemFree_v2",
            "cuMemFreeHost",
            "cuStreamSynchronize",
            "cuStreamDestroy_v2",
            "cuEventDestroy_v2",
            "cuModuleUnload",
            "cuGraphDestroy",
            "cuGraphExecDestroy",
            "cuDevicePrimaryCtxRelease_v2",
            // By an invalid value the driver says that there are no more parameters.
            "cuFuncGetParamInfo");

    /** Streams that a forward makes, and a training. What is said when they are waited for at their end does not matter, at any other time it does. */
    private static final int OF_A_FORWARD = 5;

    private static final int OF_A_TRAINING = 10;

    /** What fails: it opens a backend, and closes it. */
    private interface Work {
        Object run() throws IOException, CudaUnavailableException;
    }

    @BeforeAll
    static void write() throws IOException {
        TinyModels models = TinyModels.write(folder);
        dense = models.files(TinyModels.DENSE);
        adaptive = models.files(TinyModels.ADAPTIVE);
    }

    @AfterAll
    static void close() {
        dense.close();
        adaptive.close();
    }

    @BeforeEach
    void start() {
        controls = FakeDevice.start();
    }

    /** Out of memory, illegal address, failed launch, invalid value. */
    @ParameterizedTest
    @CsvSource({"2, 22", "700, 26", "719, 58", "1, 62"})
    void eachCallOfLoadingAndAForwardMayFail(int error, int step) throws Exception {
        failEach(FaultsOnDeviceTest::forward, error, step, OF_A_FORWARD);
    }

    @ParameterizedTest
    @CsvSource({"700, 202", "719, 614", "1, 614"})
    void eachCallOfLoadingAndTrainingMayFail(int error, int step) throws Exception {
        failEach(FaultsOnDeviceTest::training, error, step, OF_A_TRAINING);
    }

    private static Object forward() throws IOException, CudaUnavailableException {
        try (CudaBackend device = CudaBackend.open(Precision.BF16);
                Encoder encoder = Encoder.load(adaptive, device)) {
            return TinyModels.encode(encoder);
        }
    }

    private static Object training() throws IOException, CudaUnavailableException {
        try (var training = new TinyTraining(dense, TinyTraining.config(1, 1, 1, TOKENS), TEXTS)) {
            var steps = new ArrayList<Distillation.Step>();
            while (training.distillation.phase() != Distillation.Phase.DONE) {
                steps.add(training.distillation.step());
            }
            return steps;
        }
    }

    /** What does not break the context leaves the backend, the model and its sessions as they were. */
    @ParameterizedTest
    @CsvSource({"2, 7", "1, 17"})
    void theSameModelServesAfterEachCallOfItsForwardFailed(int error, int step) throws Exception {
        var refused = new TreeMap<String, Integer>();
        float[][] expected = (float[][]) forward();
        try (CudaBackend device = TinyModels.device(Precision.BF16);
                Encoder encoder = Encoder.load(adaptive, device);
                var sessions = new Sessions(encoder, device, 256, 1)) {
            Work work = () -> sessions.encode(TinyModels.TEXTS, TinyModels.HALF, null);
            long before = controls.counts().calls();
            assertSame(work.run(), expected);
            long calls = controls.counts().calls() - before;
            for (long n = 1; n <= calls; n += ALL ? 1 : step) {
                controls.failAt(n, error);
                String message = messageOf(work, expected);
                controls.failAt(0, 0);
                assertThat(message == null || message.lines().count() == 1)
                        .as(message)
                        .isTrue();
                countRefused(refused);
                assertSame(work.run(), expected);
            }
        }
        assertLeftOver(refused);
    }

    /**
     * One training for all calls: a step that failed may have moved some weights, so that only its error is looked at. A failed call need not fail the step, which is
     * over only when it made fewer calls than the one that was to fail.
     */
    @ParameterizedTest
    @CsvSource({
        "2, 10000, 0, 0",
        "2, 0, 10000, 0",
        "2, 0, 0, 10000",
        "1, 10000, 0, 0",
        "1, 0, 10000, 0",
        "1, 0, 0, 10000"
    })
    void eachCallOfAStepMayFail(int error, int learnerSteps, int gateSteps, int endToEndSteps) throws Exception {
        long n = 0;
        long calls;
        int unnoticed = 0;
        var refused = new TreeMap<String, Integer>();
        try (var training = new TinyTraining(
                dense, TinyTraining.config(learnerSteps, gateSteps, endToEndSteps, FEW_TOKENS), SHORT_TEXTS)) {
            training.distillation.step();
            do {
                long before = controls.counts().calls();
                controls.failAt(++n, error);
                String message = training.messageOfStep();
                controls.failAt(0, 0);
                if (message == null) {
                    unnoticed++;
                } else {
                    assertThat(message).as("call %d", n).isNotBlank().hasLineCount(1);
                }
                countRefused(refused);
                calls = controls.counts().calls() - before;
            } while (calls >= n);
        }
        LOG.info("error {}: {} calls of a step failed, {} of them without an error", error, n - 1, unnoticed - 1);
        assertThat(n).isGreaterThan(FEWEST_CALLS);
        assertLeftOver(refused);
    }

    private void countRefused(Map<String, Integer> refused) {
        String kind = GIVING_BACK.get(failedCall());
        if (kind != null) {
            refused.merge(kind, 1, Integer::sum);
        }
    }

    /** What the driver has refused to take back stays, of each kind as many: a second try could crash it. */
    private void assertLeftOver(Map<String, Integer> refused) {
        var left = new TreeMap<String, Integer>();
        for (String line : controls.leaks()) {
            // "3 graphs", "allocation #7 of 256 bytes".
            boolean isCounted = Character.isDigit(line.charAt(0));
            String kind = isCounted ? line.substring(line.indexOf(' ') + 1) : line.substring(0, line.indexOf(" #"));
            left.merge(kind, isCounted ? Integer.parseInt(line.substring(0, line.indexOf(' '))) : 1, Integer::sum);
        }
        left.forEach((kind, count) -> assertThat(count).as(kind).isLessThanOrEqualTo(refused.getOrDefault(kind, 0)));
    }

    /** What ends the context needs a training for each call; the step is the second one, which finds there what the first one has allocated. */
    @ParameterizedTest
    @CsvSource({
        "700, 2, 0, 0, 22",
        "700, 0, 2, 0, 22",
        "700, 0, 0, 2, 22",
        "719, 2, 0, 0, 46",
        "719, 0, 2, 0, 46",
        "719, 0, 0, 2, 46"
    })
    void eachCallOfAStepMayEndTheContext(int error, int learnerSteps, int gateSteps, int endToEndSteps, int every)
            throws Exception {
        long begin = System.nanoTime();
        DistillConfig config = TinyTraining.config(learnerSteps, gateSteps, endToEndSteps, FEW_TOKENS);
        long calls;
        try (var training = new TinyTraining(dense, config, SHORT_TEXTS)) {
            training.distillation.step();
            long before = controls.counts().calls();
            training.distillation.step();
            calls = controls.counts().calls() - before;
        }
        for (long n = 1; n <= calls; n += ALL ? 1 : every) {
            try (var training = new TinyTraining(dense, config, SHORT_TEXTS)) {
                training.distillation.step();
                controls.failAt(n, error);
                assertThat(training.messageOfStep())
                        .as("%s, call %d", failedCall(), n)
                        .isNotBlank()
                        .hasLineCount(1);
                controls.failAt(0, 0);
                assertThat(training.messageOfStep())
                        .as("the next step, call %d", n)
                        .startsWith("CUDA: the context is broken since ")
                        .hasLineCount(1);
            }
            assertGivenBack(failedCall(), n, error);
        }
        LOG.info("error {}: {} calls of a step, {} ms", error, calls, (System.nanoTime() - begin) / 1_000_000);
        assertThat(calls).isGreaterThan(FEWEST_CALLS);
    }

    private void failEach(Work work, int error, int step, int streams) throws Exception {
        long begin = System.nanoTime();
        Object expected = work.run();
        long before = controls.counts().calls();
        assertSame(work.run(), expected);
        long calls = controls.counts().calls() - before;
        var unnoticed = new TreeMap<String, Integer>();
        int faults = 0;
        for (long n = 1; n <= calls; n += ALL ? 1 : step) {
            controls.failAt(n, error);
            String message = messageOf(work, expected);
            controls.failAt(0, 0);
            String call = failedCall();
            if (message == null) {
                unnoticed.merge(call, 1, Integer::sum);
            } else {
                assertThat(message).as("%s, call %d", call, n).isNotBlank().hasLineCount(1);
            }
            assertGivenBack(call, n, error);
            if (++faults % BETWEEN_COMPARISONS == 0) {
                assertSame(work.run(), expected);
            }
        }
        assertSame(work.run(), expected);
        LOG.info(
                "error {}: {} of {} calls failed, {} ms; those that did not matter: {}",
                error,
                faults,
                calls,
                (System.nanoTime() - begin) / 1_000_000,
                unnoticed);
        assertThat(IGNORED).containsAll(unnoticed.keySet());
        assertThat(unnoticed.getOrDefault("cuStreamSynchronize", 0)).isLessThanOrEqualTo(streams);
    }

    /** Null if the work was done all the same. */
    private static String messageOf(Work work, Object expected) throws IOException {
        Object result;
        try {
            result = work.run();
        } catch (CudaException | CudaUnavailableException | IllegalStateException | IllegalArgumentException e) {
            return e.getMessage();
        }
        assertSame(result, expected);
        return null;
    }

    /** The driver's function that failed last. */
    private String failedCall() {
        String error = controls.lastError();
        return error.substring(0, Math.max(0, error.indexOf(':')));
    }

    private static void assertSame(Object result, Object expected) {
        assertThat(result).usingRecursiveComparison().isEqualTo(expected);
    }

    /** In a broken context nothing can be given back but itself. */
    private void assertGivenBack(String call, long n, int error) {
        if (call.equals("cuDevicePrimaryCtxRelease_v2")) {
            // What could not be given back is the context.
            controls = FakeDevice.start();
            return;
        }
        assertThat(controls.counts().bytesLive()).as("%s, call %d", call, n).isZero();
        assertThat(controls.counts().pinnedBytes()).as("%s, call %d", call, n).isZero();
        if (error != ILLEGAL_ADDRESS && error != LAUNCH_FAILED) {
            assertThat(controls.leaks())
                    .as("%s, call %d", call, n)
                    .hasSizeLessThanOrEqualTo(GIVING_BACK.containsKey(call) ? 1 : 0);
        }
    }
}
