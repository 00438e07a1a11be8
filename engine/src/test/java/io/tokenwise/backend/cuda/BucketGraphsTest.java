package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.TestModels;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.fakecuda.FakeCounts;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.bert.BertArchitecture;
import io.tokenwise.model.open.Models;
import io.tokenwise.session.Sessions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On the simulated device one graph serves all texts of a bucket, whatever their lengths, with the bits that each has on a stream that ran nothing before. */
class BucketGraphsTest {
    private static final BertArchitecture SIZES = new BertArchitecture(64, 2, 4, 128, 30522, 150, 2, 1e-12);

    /** 17 to 32 tokens in 3 or 4 texts: the largest comes first, so that later ones find its values in memory. */
    private static final List<List<int[]>> SHAPES = List.of(
            TestModels.sequences(8, 9, 8, 7),
            TestModels.sequences(3, 9, 1, 7),
            TestModels.sequences(10, 2, 14),
            TestModels.sequences(1, 1, 15),
            TestModels.sequences(1, 14, 1, 1));

    @TempDir
    static Path folder;

    private FakeControls controls;

    @BeforeAll
    static void write() throws IOException {
        TestModels.write(folder.resolve("dense"), SIZES);
        try (Backend backend = VectorBackend.open(2);
                ModelFiles files = Models.open(folder.resolve("dense"));
                Encoder encoder = Encoder.load(files, backend)) {
            TestModels.acmize(encoder, AdaptiveLayers.parse("mlp,qk,vo", 4), SHAPES.getFirst());
            TestModels.randomizeGates(encoder, 0.3);
            encoder.save(folder.resolve("adaptive"), files.tokenizer(), ModelWriter.Existing.KEEP);
        }
    }

    @BeforeEach
    void start() {
        controls = FakeDevice.start();
    }

    @AfterEach
    void nothingLeaks() {
        assertThat(controls.leaks()).isEmpty();
    }

    /** A model on a device of its own. */
    private final class Running implements AutoCloseable {
        private final CudaBackend device;
        private final Encoder encoder;
        private final Budget budget;
        private final Sessions sessions;

        Running(String model, Precision precision, Budget budget) throws IOException {
            device = TinyModels.device(precision);
            try (ModelFiles files = Models.open(folder.resolve(model))) {
                encoder = Encoder.load(files, device);
            }
            this.budget = budget;
            sessions = new Sessions(encoder, device, 1024, 1);
        }

        float[][] encode(List<int[]> texts) {
            return sessions.encode(texts, budget, null);
        }

        /** So many graphs it launches for these texts. */
        long graphs(List<int[]> texts) {
            long before = controls.counts().graphLaunches();
            encode(texts);
            return controls.counts().graphLaunches() - before;
        }

        @Override
        public void close() {
            sessions.close();
            encoder.close();
            device.close();
        }
    }

    /** Of each shape on a device that ran nothing else, each operation as soon as it is told. */
    private List<float[][]> alone(String model, Precision precision, Budget budget) throws IOException {
        System.setProperty("tokenwise.cuda.synchronous", "true");
        try {
            var all = new ArrayList<float[][]>();
            for (List<int[]> texts : SHAPES) {
                try (var running = new Running(model, precision, budget)) {
                    all.add(running.encode(texts));
                }
            }
            assertThat(controls.counts().graphLaunches()).isZero();
            return all;
        } finally {
            System.clearProperty("tokenwise.cuda.synchronous");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "dense, F32, full", "dense, BF16, full", "dense, S8, full",
        "adaptive, F32, full", "adaptive, BF16, full", "adaptive, S8, full",
        "adaptive, F32, half", "adaptive, BF16, half", "adaptive, S8, half",
        "adaptive, F32, hard", "adaptive, BF16, hard", "adaptive, S8, hard"
    })
    void otherLengthsRunTheGraphThatIsThere(String model, Precision precision, String kind) throws IOException {
        Budget budget = switch (kind) {
            case "full" -> Budget.FULL;
            case "half" -> Budget.flops(0.5);
            default -> Budget.hard(0.5);
        };
        List<float[][]> expected = alone(model, precision, budget);
        try (var running = new Running(model, precision, budget)) {
            for (int i = 0; i < 3; i++) {
                running.encode(SHAPES.getFirst());
            }
            for (int i = 0; i < SHAPES.size(); i++) {
                FakeCounts before = controls.counts();
                assertThat(running.encode(SHAPES.get(i))).as("shape %d", i).isDeepEqualTo(expected.get(i));
                FakeCounts after = controls.counts();
                assertThat(after.graphLaunches() - before.graphLaunches())
                        .as("graphs of shape %d", i)
                        .isEqualTo(1);
                assertThat(after.synchronizations() - before.synchronizations()).isEqualTo(1);
                assertThat(after.copiesToDevice() - before.copiesToDevice()).isLessThanOrEqualTo(1);
                assertThat(after.allocations()).isEqualTo(before.allocations());
                assertThat(after.pinnedBytes()).isEqualTo(before.pinnedBytes());
            }
        }
    }

    @Test
    void singleTextsOfSixteenLengthsShareAGraph() throws IOException {
        try (var running = new Running("dense", Precision.F32, Budget.FULL)) {
            for (int i = 0; i < 3; i++) {
                running.encode(TestModels.sequences(32));
            }
            for (int length = 17; length <= 32; length++) {
                assertThat(running.graphs(TestModels.sequences(length)))
                        .as("%d tokens", length)
                        .isEqualTo(1);
            }
        }
    }

    /** Other rows, other texts, a longer longest text among as many tokens: a list that comes for the first time is no graph yet. */
    @Test
    void otherBucketsHaveGraphsOfTheirOwn() throws IOException {
        List<List<int[]>> others = List.of(
                TestModels.sequences(60, 60, 60, 60),
                TestModels.sequences(60, 60, 60, 80),
                TestModels.sequences(48, 48, 48, 48, 48),
                TestModels.sequences(20, 20, 130, 70),
                TestModels.sequences(33));
        try (var running = new Running("dense", Precision.F32, Budget.FULL)) {
            // Memory that grows moves everything.
            running.encode(others.get(1));
            running.encode(others.get(1));
            running.encode(others.get(1));
            assertThat(running.graphs(others.get(1))).isEqualTo(1);
            for (List<int[]> texts : others) {
                if (texts != others.get(1)) {
                    assertThat(running.graphs(texts)).isZero();
                    assertThat(running.graphs(texts)).isEqualTo(1);
                }
            }
        }
    }
}
