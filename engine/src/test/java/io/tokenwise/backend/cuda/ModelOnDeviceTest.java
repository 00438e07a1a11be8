package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
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
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whole models on the simulated device: near the CPU's vectors, each text's independent of all else, and without waiting or allocating once warm. */
class ModelOnDeviceTest {
    private static final Logger LOG = LoggerFactory.getLogger(ModelOnDeviceTest.class);

    /** The least whose products, also those of a learner of four, are large enough to be narrowed. */
    private static final BertArchitecture SIZES =
            new BertArchitecture(64, 2, 4, 128, TinyModels.VOCABULARY, 40, 2, 1e-12);

    private static final List<int[]> TEXTS = TinyModels.texts(3, 9, 1, 17, 33, 5, 31, 38, 2, 12, 20);
    private static final Budget[] BUDGETS = {
        Budget.FULL, Budget.flops(0.5), Budget.flops(0.25), Budget.fixed(0.5), Budget.hard(0.5), Budget.shuffled(0.5, 3)
    };

    private static final int OUT_OF_MEMORY = 2;

    /** Breaks the context. */
    private static final int ILLEGAL_ADDRESS = 700;

    @TempDir
    static Path folder;

    private FakeControls controls;
    private Backend cpu;

    @BeforeAll
    static void write() throws IOException {
        TinyModels.write(folder, SIZES, 4, TEXTS);
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

    private static CudaBackend device(Precision precision) {
        try {
            return CudaBackend.open(precision);
        } catch (CudaUnavailableException e) {
            throw new AssertionError(e);
        }
    }

    private static Encoder load(String name, Backend backend) throws IOException {
        try (ModelFiles files = Models.open(folder.resolve(name))) {
            return Encoder.load(files, backend);
        }
    }

    private static float[][] encode(Encoder encoder, List<int[]> texts, Budget budget) {
        try (var sessions = new Sessions(encoder, encoder.parameters().backend(), 1024, 1)) {
            return sessions.encode(texts, budget, null);
        }
    }

    private static double largestDifference(float[][] a, float[][] b) {
        double largest = 0;
        for (int i = 0; i < a.length; i++) {
            for (int column = 0; column < a[i].length; column++) {
                largest = Math.max(largest, Math.abs(a[i][column] - b[i][column]));
            }
        }
        return largest;
    }

    /** Components of vectors of length 1. */
    @ParameterizedTest
    @CsvSource({"F32, 1e-4", "BF16, 2e-2", "S8, 6e-2"})
    void denseModelIsNearTheCpu(Precision precision, double bound) throws IOException {
        try (Encoder expected = load("dense", cpu);
                CudaBackend device = device(precision);
                Encoder encoder = load("dense", device)) {
            double found = largestDifference(encode(encoder, TEXTS, Budget.FULL), encode(expected, TEXTS, Budget.FULL));
            LOG.info("dense, {}: largest difference from the CPU {}", precision, found);
            assertThat(found).isLessThan(bound);
        }
    }

    /** Gates choose by float32 in each precision, but what they read differs, so that they may choose otherwise: all budgets in float32, the same learners for all in others. */
    @ParameterizedTest
    @CsvSource({"F32, 1e-4", "BF16, 3e-2", "S8, 1e-1"})
    void adaptiveModelIsNearTheCpu(Precision precision, double bound) throws IOException {
        try (Encoder expected = load("adaptive", cpu);
                CudaBackend device = device(precision);
                Encoder encoder = load("adaptive", device)) {
            for (Budget budget : BUDGETS) {
                double found = largestDifference(encode(encoder, TEXTS, budget), encode(expected, TEXTS, budget));
                LOG.info("adaptive, {}, {}: largest difference from the CPU {}", precision, budget, found);
                if (precision == Precision.F32 || budget.routing() == Budget.Routing.STATIC) {
                    assertThat(found).as("%s", budget).isLessThan(bound);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = Precision.class, names = "S7", mode = EnumSource.Mode.EXCLUDE)
    void vectorIsTheSameAloneAndInAnyBatch(Precision precision) throws IOException {
        try (CudaBackend device = device(precision);
                Encoder encoder = load("adaptive", device)) {
            for (Budget budget : List.of(Budget.FULL, Budget.flops(0.5), Budget.fixed(0.5), Budget.hard(0.5))) {
                float[][] expected = encode(encoder, TEXTS, budget);
                float[][] backwards = encode(encoder, TEXTS.reversed(), budget);
                for (int i = 0; i < TEXTS.size(); i++) {
                    assertThat(backwards[TEXTS.size() - 1 - i]).isEqualTo(expected[i]);
                }
                for (int i = 0; i < TEXTS.size(); i += 3) {
                    assertThat(encode(encoder, List.of(TEXTS.get(i)), budget)[0])
                            .as("%s, %s, text %d alone", precision, budget, i)
                            .isEqualTo(expected[i]);
                }
            }
        }
    }

    /** Each session has a stream, and all of them read weights, biases and sums of biases that one of them has written. */
    @ParameterizedTest
    @EnumSource(value = Precision.class, names = "S7", mode = EnumSource.Mode.EXCLUDE)
    void sessionsRunAtOnce(Precision precision) throws Exception {
        try (CudaBackend device = device(precision);
                Encoder encoder = load("adaptive", device);
                var sessions = new Sessions(encoder, device, 1024, 3);
                var threads = Executors.newFixedThreadPool(3)) {
            var vectors = new ArrayList<Future<float[][]>>();
            for (int i = 0; i < 9; i++) {
                Budget budget = BUDGETS[i % 3];
                vectors.add(threads.submit(() -> sessions.encode(TEXTS, budget, null)));
            }
            for (int i = 0; i < vectors.size(); i++) {
                assertThat(vectors.get(i).get()).isDeepEqualTo(encode(encoder, TEXTS, BUDGETS[i % 3]));
            }
        }
    }

    /** Whichever call of the driver fails, while a model is loaded or run: one error, and nothing is left behind. */
    @ParameterizedTest
    @ValueSource(ints = {OUT_OF_MEMORY, ILLEGAL_ADDRESS})
    void anyCallMayFail(int error) throws IOException {
        int failed = 0;
        for (int call = 1; ; call += 1 + call / 6) {
            CudaBackend device = device(Precision.BF16);
            controls.failAt(call, error);
            boolean done = false;
            try (device;
                    Encoder encoder = load("adaptive", device)) {
                encode(encoder, TEXTS, Budget.flops(0.5));
                encode(encoder, TEXTS, Budget.hard(0.5));
                done = true;
            } catch (CudaException | IllegalStateException e) {
                failed++;
                assertThat(e.getMessage()).doesNotContain("\n");
            }
            controls.failAt(0, error);
            // In a broken context nothing can be given back: the driver does that at the process's end. Nor can what a
            // failed call was to give back.
            if (error == OUT_OF_MEMORY && !done) {
                assertThat(controls.leaks()).as("call %d", call).isEmpty();
            }
            controls = FakeDevice.start();
            if (done) {
                break;
            }
        }
        assertThat(failed).isGreaterThan(10);
    }

    @Test
    void warmForwardOnlyUploadsTokensAndWaitsOnce() throws IOException {
        for (String model : List.of("dense", "adaptive")) {
            for (Precision precision : CudaBackend.PRECISIONS) {
                try (CudaBackend device = device(precision);
                        Encoder encoder = load(model, device);
                        var sessions = new Sessions(encoder, device, 1024, 1)) {
                    for (Budget budget : List.of(Budget.FULL, Budget.flops(0.5), Budget.hard(0.5))) {
                        sessions.encode(TEXTS, budget, null);
                        sessions.encode(TEXTS, budget, null);
                        FakeCounts before = controls.counts();
                        sessions.encode(TEXTS, budget, null);
                        FakeCounts after = controls.counts();
                        LOG.info(
                                "{}, {}, {}: {} launches, {} copies to the device, {} to the host, {} on it, {} fills, {} waits, {} multiply-adds of tensor instructions",
                                model,
                                precision,
                                budget,
                                after.launches() - before.launches(),
                                after.copiesToDevice() - before.copiesToDevice(),
                                after.copiesToHost() - before.copiesToHost(),
                                after.copiesOnDevice() - before.copiesOnDevice(),
                                after.fills() - before.fills(),
                                after.synchronizations() - before.synchronizations(),
                                after.multiplyAdds() - before.multiplyAdds());
                        assertThat(after.allocations()).isEqualTo(before.allocations());
                        assertThat(after.frees()).isEqualTo(before.frees());
                        assertThat(after.synchronizations() - before.synchronizations())
                                .isEqualTo(1);
                        assertThat(after.copiesToHost() - before.copiesToHost()).isEqualTo(1);
                    }
                }
            }
        }
    }
}
