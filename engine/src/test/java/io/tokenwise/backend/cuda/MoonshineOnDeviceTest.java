package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.TestModels;
import io.tokenwise.TestMoonshines;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.moonshine.MoonshineArchitecture;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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

/** A small Moonshine, dense and with learners in encoder and decoder, on the simulated device: frames, logits and written tokens as on the CPU in float32. */
class MoonshineOnDeviceTest {
    private static final Logger LOG = LoggerFactory.getLogger(MoonshineOnDeviceTest.class);
    private static final int MOST_TOKENS = 12;
    private static final int LEARNERS = 4;
    private static final long WORKSPACE = 1L << 28;
    private static final double NEAR = 1e-5;

    private static final List<float[]> SOUNDS =
            List.of(TestMoonshines.noise(0.5, 1), TestMoonshines.noise(0.7, 2), TestMoonshines.noise(0.06, 3));

    @TempDir
    static Path folder;

    private FakeControls controls;
    private Backend cpu;

    @BeforeAll
    static void write() throws IOException {
        TestMoonshines.writeSmall(folder.resolve("dense"));
        try (Backend backend = VectorBackend.open(2);
                Encoder model = load("dense", backend);
                Workspace workspace = backend.workspace(WORKSPACE)) {
            var pass = new Pass(backend.stream(), workspace);
            TokenBatch recordings = recordings(model, SOUNDS);
            TokenBatch texts = texts();
            Acmizer.replace(model.parameters(), model.slots(), AdaptiveLayers.parse("mlp,qk,vo", LEARNERS), () -> {
                Tensor frames = model.tokens(pass.begin(Budget.FULL), recordings);
                model.decoder().logits(pass, frames, recordings, texts);
            });
            TestModels.randomizeGates(model, 0.3);
            model.save(folder.resolve("adaptive"), null, ModelWriter.Existing.KEEP);
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

    private static Encoder load(String name, Backend backend) throws IOException {
        try (ModelFiles files = Models.open(folder.resolve(name))) {
            return Encoder.load(files, backend);
        }
    }

    private static TokenBatch recordings(Encoder model, List<float[]> sounds) {
        var batch = new TokenBatch();
        sounds.forEach(sound -> model.add(batch, TestMoonshines.bits(sound)));
        return batch;
    }

    /** Of different lengths, one for each sound. */
    private static TokenBatch texts() {
        var texts = new TokenBatch();
        texts.add(new int[] {MoonshineArchitecture.BEGIN, 260, 270, 280, 261});
        texts.add(new int[] {MoonshineArchitecture.BEGIN, 290, 265, 291});
        texts.add(new int[] {MoonshineArchitecture.BEGIN});
        return texts;
    }

    private static float[][] rows(Pass pass, Tensor tensor) {
        var rows = new float[tensor.rows()][tensor.columns()];
        try (HostTensor values = pass.stream().read(tensor)) {
            for (int row = 0; row < rows.length; row++) {
                values.copyRow(row, rows[row], 0);
            }
        }
        return rows;
    }

    /** What a model makes of the sounds. */
    private record Results(float[][] frames, float[][] logits, List<int[]> written) {
        static Results of(Encoder model, Budget budget) {
            Backend backend = model.parameters().backend();
            try (Workspace workspace = backend.workspace(WORKSPACE)) {
                var pass = new Pass(backend.stream(), workspace);
                TokenBatch recordings = recordings(model, SOUNDS);
                Tensor frames = model.tokens(pass.begin(budget), recordings);
                float[][] frameRows = rows(pass, frames);
                float[][] logits = rows(pass, model.decoder().logits(pass, frames, recordings, texts()));
                List<int[]> written = new ArrayList<>();
                for (float[] sound : SOUNDS) {
                    Tensor alone = model.tokens(pass.begin(budget), recordings(model, List.of(sound)));
                    written.add(model.decoder().writeAtMost(pass, alone, MOST_TOKENS));
                }
                return new Results(frameRows, logits, written);
            }
        }
    }

    private void assertAsOnTheCpu(String name, List<Budget> budgets) throws IOException {
        try (Encoder expected = load(name, cpu);
                CudaBackend device = TinyModels.device(Precision.F32);
                Encoder model = load(name, device)) {
            for (Budget budget : budgets) {
                Results wanted = Results.of(expected, budget);
                Results found = Results.of(model, budget);
                double frames = Distance.between(found.frames, wanted.frames);
                double logits = Distance.between(found.logits, wanted.logits);
                LOG.info(
                        "{}, {}: frames {} and logits {} of the largest from the CPU, {} tokens written",
                        name,
                        budget,
                        frames,
                        logits,
                        wanted.written.stream().mapToInt(text -> text.length).sum());
                assertThat(frames).as("%s, frames", budget).isLessThan(NEAR);
                assertThat(logits).as("%s, logits", budget).isLessThan(NEAR);
                assertThat(found.written)
                        .as("%s", budget)
                        .usingRecursiveComparison()
                        .isEqualTo(wanted.written);
                assertThat(Arrays.stream(wanted.written.getFirst()).distinct().count())
                        .as("%s, different tokens", budget)
                        .isGreaterThan(1);
            }
        }
    }

    @Test
    void denseModelIsTheCpus() throws IOException {
        assertAsOnTheCpu("dense", List.of(Budget.FULL));
    }

    /** Gates have random weights: frame by frame and token by token other learners. */
    @Test
    void modelWithLearnersIsTheCpus() throws IOException {
        assertAsOnTheCpu("adaptive", List.of(Budget.FULL, Budget.flops(0.5), Budget.flops(0.25), Budget.fixed(0.5)));
    }

    /** The same learners for all frames, since in other precisions gates may choose otherwise. */
    @ParameterizedTest
    @CsvSource({"dense, BF16, 4e-2", "dense, S8, 8e-2", "adaptive, BF16, 4e-2", "adaptive, S8, 8e-2"})
    void framesOfOtherPrecisionsAreNearTheCpu(String name, Precision precision, double bound) throws IOException {
        try (Encoder expected = load(name, cpu);
                CudaBackend device = TinyModels.device(precision);
                Encoder model = load(name, device)) {
            double found = Distance.between(
                    frames(model, SOUNDS, Budget.fixed(0.5)), frames(expected, SOUNDS, Budget.fixed(0.5)));
            LOG.info("{}, {}: frames {} of the largest from the CPU", name, precision, found);
            assertThat(found).isLessThan(bound);
        }
    }

    /** The first step also writes what the encoder was told, the second comes for the first time; from the third on a token is one graph. */
    @Test
    void stepsOfTheDecoderAreOneGraph() throws IOException {
        try (CudaBackend device = TinyModels.device(Precision.F32);
                Encoder model = load("dense", device);
                Workspace workspace = device.workspace(WORKSPACE)) {
            var pass = new Pass(device.stream(), workspace);
            for (int i = 0; i < 2; i++) {
                Tensor frames = model.tokens(pass.begin(Budget.FULL), recordings(model, SOUNDS.subList(0, 1)));
                long before = controls.counts().graphLaunches();
                int[] written = model.decoder().writeAtMost(pass, frames, MOST_TOKENS);
                long graphs = controls.counts().graphLaunches() - before;
                assertThat(written).hasSize(MOST_TOKENS);
                assertThat(Arrays.stream(written).distinct().count()).isGreaterThan(1);
                assertThat(graphs).isGreaterThanOrEqualTo(MOST_TOKENS - 2);
            }
        }
    }

    /** 8,000 and 7,840 samples are in the same buckets through all convolutions. */
    @Test
    void recordingsOfAboutTheSameLengthShareAGraph() throws IOException {
        float[] shorter = TestMoonshines.noise(0.49, 4);
        float[][] expected;
        try (CudaBackend device = TinyModels.device(Precision.F32);
                Encoder model = load("dense", device)) {
            expected = frames(model, List.of(shorter), Budget.FULL);
        }
        try (CudaBackend device = TinyModels.device(Precision.F32);
                Encoder model = load("dense", device);
                Workspace workspace = device.workspace(WORKSPACE)) {
            var pass = new Pass(device.stream(), workspace);
            for (int i = 0; i < 3; i++) {
                rows(pass, model.tokens(pass.begin(Budget.FULL), recordings(model, SOUNDS.subList(0, 1))));
            }
            long before = controls.counts().graphLaunches();
            float[][] found = rows(pass, model.tokens(pass.begin(Budget.FULL), recordings(model, List.of(shorter))));
            assertThat(controls.counts().graphLaunches() - before).isEqualTo(1);
            assertThat(found).isDeepEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"dense", "adaptive"})
    void aRecordingGivesTheSameAloneAndInABatch(String name) throws IOException {
        try (CudaBackend device = TinyModels.device(Precision.F32);
                Encoder model = load(name, device)) {
            float[][] together = frames(model, SOUNDS, Budget.flops(0.5));
            int row = 0;
            for (float[] sound : SOUNDS) {
                for (float[] frame : frames(model, List.of(sound), Budget.flops(0.5))) {
                    assertThat(frame).as("frame %d", row).isEqualTo(together[row++]);
                }
            }
            assertThat(row).isEqualTo(together.length);
        }
    }

    private static float[][] frames(Encoder model, List<float[]> sounds, Budget budget) {
        Backend backend = model.parameters().backend();
        try (Workspace workspace = backend.workspace(WORKSPACE)) {
            var pass = new Pass(backend.stream(), workspace);
            return rows(pass, model.tokens(pass.begin(budget), recordings(model, sounds)));
        }
    }
}
