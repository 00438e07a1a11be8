package io.tokenwise.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BadFileException;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.image.ImagePreparation;
import io.tokenwise.image.LabelledImages;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.model.vit.VitArchitecture;
import io.tokenwise.model.vit.VitFamily;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trains a small Vision Transformer to tell bright images from dark ones. */
class VitTrainingRunTest {
    private static final VitArchitecture SIZES = new VitArchitecture(16, 1, 2, 128, 8, 4, 2, 1e-6);
    private static final VitTrainingConfig CONFIG =
            new VitTrainingConfig(4, 8, 1e-3, 0.05, 0.1, true, 0.3, 0.5, 0.5, 3);

    @TempDir
    Path folder;

    private static LabelledImages images() {
        var random = new SplittableRandom(1);
        var pixels = new ArrayList<int[]>();
        var labels = new int[100];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = i % 2;
            int floor = labels[i] == 0 ? 0 : 0x808080;
            pixels.add(random.ints(64).map(bits -> floor + (bits & 0x7F7F7F)).toArray());
        }
        return new LabelledImages(8, 8, pixels, labels, List.of("dark", "bright"));
    }

    private VitTrainingRun run(String out, VitTrainingConfig config) {
        return run(out, config, StoredType.F32);
    }

    private VitTrainingRun run(String out, VitTrainingConfig config, StoredType stored) {
        var description = new ImageDescription(
                out, VitFamily.VIT, SIZES, ImagePreparation.stretched(8), List.of("dark", "bright"), Optional.empty());
        return new VitTrainingRun(description, images(), config, folder.resolve(out), 5, stored);
    }

    private static byte[] weights(VitTrainingRun run) throws IOException {
        return Files.readAllBytes(run.out().resolve("model.safetensors"));
    }

    /** Stops after some steps as Ctrl-C does. */
    private static void stopAfter(VitTrainingRun run, Backend backend, int steps) {
        assertThatThrownBy(() -> run.run(backend, new TrainingListener() {
                    @Override
                    public void step(int done, int all, double loss) {
                        if (done == steps) {
                            Thread.currentThread().interrupt();
                        }
                    }
                }))
                .isInstanceOf(InterruptedException.class);
    }

    @Test
    void stoppedAndGoneOnWithItEndsWithTheSameBits() throws Exception {
        try (Backend backend = VectorBackend.open(2)) {
            VitTrainingRun whole = run("whole", CONFIG);
            assertThat(whole.run(backend, new TrainingListener() {})).isGreaterThan(0.7);
            VitTrainingRun parts = run("parts", CONFIG);
            stopAfter(parts, backend, 7);
            assertThat(parts.checkpoint()).exists();
            assertThat(parts.out()).doesNotExist();
            stopAfter(parts, backend, 20);
            var resumed = new int[1];
            parts.run(backend, new TrainingListener() {
                @Override
                public void resumed(int nextStep, int steps) {
                    resumed[0] = nextStep;
                }
            });
            assertThat(resumed[0]).isEqualTo(20);
            assertThat(weights(parts)).isEqualTo(weights(whole));
            assertThat(parts.checkpoint()).doesNotExist();
        }
    }

    /** What else has come into the folder meanwhile is not the run's model, and the only copy of that is the checkpoint. */
    @Test
    void aModelThatCouldNotBeWrittenIsWrittenByTheNextRun() throws Exception {
        try (Backend backend = VectorBackend.open(2)) {
            VitTrainingRun run = run("out", CONFIG);
            Path other = run.out().resolve("model.safetensors");
            assertThatThrownBy(() -> run.run(backend, new TrainingListener() {
                        @Override
                        public void step(int done, int all, double loss) {
                            if (done == all) {
                                writeUnchecked(other);
                            }
                        }
                    }))
                    .hasMessageEndingWith("out: exists and is not empty");
            assertThatThrownBy(() -> run.run(backend, new TrainingListener() {}))
                    .hasMessageEndingWith("out: exists and is not empty");
            assertThat(other).hasContent("another model");
            Path checkpoint = Files.copy(run.checkpoint(), folder.resolve("copy"));
            Files.delete(other);
            run.run(backend, new TrainingListener() {});
            assertThat(run.checkpoint()).doesNotExist();
            byte[] weights = weights(run);
            // As of a run that was killed when it had written its model.
            Files.move(checkpoint, run.checkpoint());
            run.run(backend, new TrainingListener() {});
            assertThat(weights(run)).isEqualTo(weights);
            try (var left = Files.list(folder)) {
                assertThat(left.map(path -> path.getFileName().toString()))
                        .containsExactlyInAnyOrder("out", ".out.lock");
            }
        }
    }

    private static void writeUnchecked(Path file) {
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, "another model");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void bitsDoNotDependOnTheNumberOfThreads() throws Exception {
        byte[] alone;
        try (Backend backend = VectorBackend.open(1)) {
            VitTrainingRun run = run("alone", CONFIG);
            run.run(backend, new TrainingListener() {});
            alone = weights(run);
        }
        for (int threads : new int[] {2, 5}) {
            try (Backend backend = VectorBackend.open(threads)) {
                VitTrainingRun run = run("threads-" + threads, CONFIG);
                run.run(backend, new TrainingListener() {});
                assertThat(weights(run)).isEqualTo(alone);
            }
        }
    }

    @Test
    void asBytesTheModelTakesLessRoom() throws Exception {
        VitTrainingRun floats = run("floats", CONFIG);
        VitTrainingRun bytes = run("bytes", CONFIG, StoredType.S8);
        try (Backend backend = VectorBackend.open(1)) {
            floats.run(backend, new TrainingListener() {});
            bytes.run(backend, new TrainingListener() {});
        }
        assertThat(weights(bytes).length).isLessThan(weights(floats).length);
        try (ModelFiles files = Models.open(bytes.out())) {
            assertThat(files.image().labels()).containsExactly("dark", "bright");
        }
    }

    @Test
    void aCheckpointOfOtherSettingsIsRefused() {
        try (Backend backend = VectorBackend.open(1)) {
            stopAfter(run("other", CONFIG), backend, 2);
            VitTrainingRun other = run("other", new VitTrainingConfig(5, 8, 1e-3, 0.05, 0.1, true, 0.3, 0.5, 0.5, 3));
            assertThatThrownBy(() -> other.run(backend, new TrainingListener() {}))
                    .isInstanceOf(BadFileException.class)
                    .hasMessageContaining("belongs to a run with other settings (settings: was ")
                    .hasMessageContaining("epochs=4")
                    .hasMessageContaining("epochs=5");
        }
    }

    @Test
    void numbersThatAreNoneEndTheTraining() {
        try (Backend backend = VectorBackend.open(1)) {
            LabelledImages images = images();
            var description = new ImageDescription(
                    "bad",
                    VitFamily.VIT,
                    SIZES,
                    new ImagePreparation(8, true, false, List.of(Double.NaN, 0.0, 0.0), List.of(1.0, 1.0, 1.0)),
                    images.classes(),
                    Optional.empty());
            var run = new VitTrainingRun(description, images, CONFIG, folder.resolve("bad"), 5, StoredType.F32);
            assertThatThrownBy(() -> run.run(backend, new TrainingListener() {}))
                    .isInstanceOf(DivergedException.class)
                    .hasMessageContaining("training diverged at step 0 of ");
        }
    }

    @Test
    void imagesThatDoNotFitAreRefused() {
        LabelledImages images = images();
        var description = new ImageDescription(
                "vit", VitFamily.VIT, SIZES, ImagePreparation.stretched(8), List.of("a", "b"), Optional.empty());
        assertThatThrownBy(() -> new VitTrainingRun(description, images, CONFIG, folder, 5, StoredType.F32))
                .hasMessage("images of the classes [dark, bright] for a model of [a, b]");
        assertThatThrownBy(() -> new VitTrainingRun(
                        run("x", CONFIG).description(), images.only(0, 2, 4), CONFIG, folder, 5, StoredType.F32))
                .hasMessageContaining("there are 3 images; at least 20 are needed");
        int[] dark = IntStream.range(0, 50).map(i -> 2 * i).toArray();
        assertThatThrownBy(() -> new VitTrainingRun(
                        run("x", CONFIG).description(), images.only(dark), CONFIG, folder, 5, StoredType.F32))
                .hasMessage("all images have the class dark; two or more are needed");
    }
}
