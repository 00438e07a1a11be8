package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.StoredModels;
import io.tokenwise.TestVits;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.NewEncoder;
import io.tokenwise.model.open.Models;
import io.tokenwise.model.vit.VitArchitecture;
import io.tokenwise.session.Sessions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Vision Transformers on the simulated device, as on the CPU in float32: dense, with patches that leave, and with learners. */
class VitOnDeviceTest {
    private static final Logger LOG = LoggerFactory.getLogger(VitOnDeviceTest.class);

    /** Wide enough that the gate of patches that leave costs less than the layers. */
    private static final VitArchitecture SIZES = new VitArchitecture(96, 2, 3, 192, 12, 4, 5, 1e-6);

    private static final List<int[]> IMAGES = TestVits.images(SIZES, 5);

    @TempDir
    static Path folder;

    private FakeControls controls;
    private Backend cpu;

    @BeforeAll
    static void write() throws IOException {
        Path dense = folder.resolve("dense");
        try (Arena arena = Arena.ofConfined()) {
            TestVits.write(
                    dense, TestVits.describe(SIZES), TestVits.weights(arena, SIZES), TestVits.Names.HUGGING_FACE);
        }
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = Models.open(dense);
                Encoder leaving = NewEncoder.withShortPath(
                        files, backend, vit -> logits(vit, IMAGES, Budget.FULL), new SplittableRandom(5))) {
            leaving.save(folder.resolve("leaving"), null, ModelWriter.Existing.KEEP);
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

    private static Encoder load(Path directory, Backend backend) throws IOException {
        try (ModelFiles files = Models.open(directory)) {
            return Encoder.load(files, backend);
        }
    }

    private static float[][] logits(Encoder encoder, List<int[]> images, Budget budget) {
        try (var sessions = new Sessions(encoder, encoder.parameters().backend(), 1024, 1)) {
            return sessions.encode(images, budget, null);
        }
    }

    private static void assertNear(
            Encoder encoder, Encoder expected, List<int[]> images, Budget budget, String name, double bound) {
        double found = Distance.between(logits(encoder, images, budget), logits(expected, images, budget));
        LOG.info("{}, {}: {} of the largest logit from the CPU", name, budget, found);
        assertThat(found).as("%s, %s", name, budget).isLessThan(bound);
    }

    @ParameterizedTest
    @CsvSource({"F32, 1e-5", "BF16, 2e-2", "S8, 4e-2"})
    void denseModelIsNearTheCpu(Precision precision, double bound) throws IOException {
        try (Encoder expected = load(folder.resolve("dense"), cpu);
                CudaBackend device = TinyModels.device(precision);
                Encoder encoder = load(folder.resolve("dense"), device)) {
            assertNear(encoder, expected, IMAGES, Budget.FULL, "dense, " + precision, bound);
        }
    }

    /** Which patches leave, the gate says in float32 of what it reads, which differs in other precisions: there those that are spread evenly. */
    @ParameterizedTest
    @CsvSource({"F32, 1e-5", "BF16, 2e-2", "S8, 4e-2"})
    void modelWhosePatchesLeaveIsNearTheCpu(Precision precision, double bound) throws IOException {
        List<Budget> budgets = precision == Precision.F32
                ? List.of(Budget.FULL, Budget.flops(0.45), Budget.flops(0.8), Budget.hard(0.6), Budget.fixed(0.8))
                : List.of(Budget.FULL, Budget.fixed(0.8));
        try (Encoder expected = load(folder.resolve("leaving"), cpu);
                CudaBackend device = TinyModels.device(precision);
                Encoder encoder = load(folder.resolve("leaving"), device)) {
            for (Budget budget : budgets) {
                assertNear(encoder, expected, IMAGES, budget, "leaving, " + precision, bound);
            }
        }
    }

    @Test
    void theSamePatchesLeave() throws IOException {
        try (Encoder expected = load(folder.resolve("leaving"), cpu);
                CudaBackend device = TinyModels.device(Precision.F32);
                Encoder encoder = load(folder.resolve("leaving"), device)) {
            for (double share : new double[] {0.45, 0.8}) {
                int[] stays = stays(expected, Budget.flops(share));
                int tokens = SIZES.tokens();
                assertThat(IntStream.range(0, IMAGES.size())
                                .mapToObj(i -> Arrays.toString(Arrays.copyOfRange(stays, i * tokens, (i + 1) * tokens)))
                                .distinct())
                        .as("the gate chooses for each image, budget %s", share)
                        .hasSizeGreaterThan(1);
                assertThat(Arrays.stream(stays).sum()).isBetween(2 * IMAGES.size(), (tokens - 1) * IMAGES.size());
                assertThat(stays(encoder, Budget.flops(share)))
                        .as("budget %s", share)
                        .isEqualTo(stays);
            }
        }
    }

    private static int[] stays(Encoder encoder, Budget budget) {
        var seen = new ArrayList<int[]>();
        try (var sessions = new Sessions(encoder, encoder.parameters().backend(), 1024, 1)) {
            sessions.encode(IMAGES, budget, (module, stays, tokens, gated) -> seen.add(Arrays.copyOf(stays, tokens)));
        }
        assertThat(seen).hasSize(1);
        return seen.getFirst();
    }

    /**
     * Trained gates; in other precisions than float32 they may choose otherwise, so there the same learners run for all patches. With hidden size 32 bytes are coarse: those of
     * oneDNN on the CPU are 0.04 away.
     */
    @ParameterizedTest
    @CsvSource({"F32, 1e-5", "BF16, 2e-2", "S8, 8e-2"})
    void modelWithLearnersIsNearTheCpu(Precision precision, double bound) throws IOException, URISyntaxException {
        List<Budget> budgets = precision == Precision.F32
                ? List.of(Budget.FULL, Budget.flops(0.75), Budget.flops(0.5), Budget.hard(0.5))
                : List.of(Budget.FULL, Budget.fixed(0.5));
        try (ModelFiles files = Models.open(StoredModels.vitWithLearners());
                Encoder expected = Encoder.load(files, cpu);
                CudaBackend device = TinyModels.device(precision);
                Encoder encoder = Encoder.load(files, device)) {
            List<int[]> images = TestVits.images(files.image().architecture(), 5);
            for (Budget budget : budgets) {
                assertNear(encoder, expected, images, budget, "learners, " + precision, bound);
            }
        }
    }

    /** Also the patches that leave it are chosen by itself alone. */
    @Test
    void anImageGivesTheSameAloneAndInABatch() throws IOException {
        for (Precision precision : CudaBackend.PRECISIONS) {
            try (CudaBackend device = TinyModels.device(precision);
                    Encoder encoder = load(folder.resolve("leaving"), device)) {
                float[][] together = logits(encoder, IMAGES, Budget.flops(0.45));
                for (int i = 0; i < IMAGES.size(); i += 2) {
                    assertThat(logits(encoder, List.of(IMAGES.get(i)), Budget.flops(0.45))[0])
                            .as("%s, image %d", precision, i)
                            .isEqualTo(together[i]);
                }
            }
        }
    }
}
