package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tokenwise.Embedding;
import io.tokenwise.TestModels;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.choose.Calibration;
import io.tokenwise.acm.choose.LengthCalibration;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.Budget;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.open.Models;
import io.tokenwise.session.Sessions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

/** What docs/numpy_forward.py, which shares no code with us, computes from a model's files is what we compute. */
class NumpyForwardTest {
    private static final Path SCRIPT = Path.of("../docs/numpy_forward.py");
    private static final int LEARNERS = 3;

    /** At the end of a list of layers: of an MLP's learners only one has weights. */
    private static final String ONE = ", one";

    /** So that what gates are told is neither what was asked nor the same for all lengths. */
    private static final LengthCalibration CALIBRATION = new LengthCalibration(
            List.of(4, 24),
            List.of(
                    Calibration.of(List.of(0.0, .5, 1.0), List.of(.1, .8, 1.0)),
                    Calibration.of(List.of(0.0, .7, 1.0), List.of(.2, .4, 1.02))));

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "| F32",
                "mlp | F32",
                "mlp,qkvo | S8",
                "qk,v,o | S8",
                "mlp,o | F32",
                "q | F32",
                "mlp,qk,vo, one | S8"
            })
    void givesOurVectors(String layers, StoredType type) throws IOException, InterruptedException {
        requireNumpy();
        Path dense = folder.resolve("dense");
        Path model = folder.resolve("model");
        List<int[]> sequences = TestModels.sequences(3, 12, 33);
        TestModels.writeSmall(dense);
        try (Backend backend = VectorBackend.open(1)) {
            save(dense, model, layers, type, backend, sequences);
            try (ModelFiles files = Models.open(model);
                    Encoder encoder = Encoder.load(files, backend);
                    var sessions = new Sessions(encoder, backend, 1024, 1)) {
                for (double budget : new double[] {.4, .6, 1}) {
                    assertSame(model, budget, sessions.encode(sequences, Budget.flops(budget), null));
                }
            }
        }
    }

    private static void save(
            Path dense, Path model, String layers, StoredType type, Backend backend, List<int[]> sequences)
            throws IOException {
        try (ModelFiles files = Models.open(dense);
                Encoder encoder = Encoder.load(files, backend)) {
            if (layers != null) {
                var all = AdaptiveLayers.parse(layers.replace(ONE, ""), LEARNERS);
                TestModels.acmize(encoder, layers.endsWith(ONE) ? all.withMlpLearners(1) : all, sequences);
                TestModels.randomizeGates(encoder, .5);
                Acmizer.calibrate(encoder.acms(), CALIBRATION);
            }
            encoder.save(model, files.tokenizer(), ModelWriter.Existing.KEEP, type);
        }
    }

    private void assertSame(Path model, double budget, float[][] expected) throws IOException, InterruptedException {
        var json = new JsonMapper();
        Path ids = folder.resolve("ids");
        Path vectors = folder.resolve("vectors");
        Path errors = folder.resolve("errors");
        Files.write(
                ids,
                TestModels.sequences(3, 12, 33).stream()
                        .map(json::writeValueAsString)
                        .toList());
        Process python = new ProcessBuilder("python3", SCRIPT.toString(), model.toString(), Double.toString(budget))
                .redirectInput(ids.toFile())
                .redirectOutput(vectors.toFile())
                .redirectError(errors.toFile())
                .start();
        assertThat(python.waitFor()).as(Files.readString(errors)).isZero();
        List<String> lines = Files.readAllLines(vectors);
        assertThat(lines).hasSameSizeAs(expected);
        for (int i = 0; i < expected.length; i++) {
            float[] vector = json.readValue(lines.get(i), float[].class);
            assertThat(Embedding.cosine(vector, expected[i]))
                    .as("budget %s, text %d", budget, i)
                    .isGreaterThan(.9999);
        }
    }

    private static void requireNumpy() throws InterruptedException {
        try {
            Process python = new ProcessBuilder("python3", "-c", "import numpy")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            assumeTrue(python.waitFor() == 0, "python3 has no numpy here");
        } catch (IOException e) {
            abort("there is no python3 here");
        }
    }
}
