package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import io.tokenwise.TestModels;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.finetune.FineTuneConfig;
import io.tokenwise.finetune.FineTuneRun;
import io.tokenwise.finetune.Labels;
import io.tokenwise.image.ImagePreparation;
import io.tokenwise.image.LabelledImages;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.bert.BertArchitecture;
import io.tokenwise.model.open.Models;
import io.tokenwise.model.vit.VitArchitecture;
import io.tokenwise.model.vit.VitFamily;
import io.tokenwise.train.TrainingListener;
import io.tokenwise.train.VitTrainingConfig;
import io.tokenwise.train.VitTrainingRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Training on the simulated device: losses as on the CPU in float32, and the same weights each time. Of distillation, see DistillationOnDeviceTest. */
class TrainingOnDeviceTest {
    private static final Logger LOG = LoggerFactory.getLogger(TrainingOnDeviceTest.class);

    private static final List<String> CLASSES = List.of("dark", "bright");

    /** Whose matrices are wide enough to be narrowed. */
    private static final BertArchitecture WIDER = new BertArchitecture(64, 2, 2, 192, 30_522, 40, 2, 1e-12);

    @TempDir
    Path folder;

    /** Writes a model and gives the loss of each step. */
    private interface Run {
        List<Double> run(Backend backend, Path out) throws Exception;
    }

    /**
     * @param percent of each step's loss. Sums have another order on the device, and steps add to what differs: 1e-8 of a loss in float32. With products of bfloat16 only losses, sums
     *     and weights are float32.
     */
    private void compare(String name, Precision precision, double percent, int steps, Run run) throws Exception {
        FakeControls controls = FakeDevice.start();
        List<Double> expected;
        try (Backend cpu = VectorBackend.open(2)) {
            expected = run.run(cpu, folder.resolve("cpu"));
        }
        var found = new ArrayList<List<Double>>();
        for (String out : List.of("one", "two")) {
            try (Backend device = TinyModels.device(precision)) {
                found.add(run.run(device, folder.resolve(out)));
            }
            assertThat(controls.leaks()).isEmpty();
        }
        assertThat(controls.kernels().stream()
                        .anyMatch(kernel -> kernel.name().startsWith("linear") && kernel.multiplyAdds() > 0))
                .as("products by tensor instructions")
                .isEqualTo(precision == Precision.BF16);
        double worst = IntStream.range(0, expected.size())
                .mapToDouble(i -> Math.abs(found.getFirst().get(i) / expected.get(i) - 1))
                .max()
                .orElseThrow();
        LOG.info(
                "{}, {}: {} steps, losses differ by {} of themselves at most", name, precision, expected.size(), worst);
        assertThat(expected).hasSize(steps);
        assertThat(found.getFirst()).hasSize(steps);
        for (int i = 0; i < steps; i++) {
            assertThat(found.getFirst().get(i)).as("step %d", i).isCloseTo(expected.get(i), withPercentage(percent));
        }
        assertThat(found.getLast()).isEqualTo(found.getFirst());
        assertThat(Files.mismatch(weights("one"), weights("two"))).isEqualTo(-1);
        assertThat(Files.mismatch(weights("one"), weights("cpu"))).isNotEqualTo(-1);
    }

    private Path weights(String out) {
        return folder.resolve(out).resolve("model.safetensors");
    }

    @ParameterizedTest
    @CsvSource({"F32, 0.001, 128, 3", "BF16, 1, 36, 12"})
    void fineTuning(Precision precision, double percent, int tokensPerStep, int steps) throws Exception {
        TestModels.write(folder.resolve("model"), precision == Precision.F32 ? TestModels.SMALL : WIDER);
        var random = new SplittableRandom(5);
        var texts = new ArrayList<int[]>();
        var names = new ArrayList<String>();
        for (int i = 0; i < 60; i++) {
            int[] text = random.ints(4, 2_000, 2_020).toArray();
            text[random.nextInt(text.length)] = 3_000 + i % 3;
            texts.add(text);
            names.add("class " + i % 3);
        }
        Labels labels = Labels.Classes.of(texts, names);
        compare("fine-tuning", precision, percent, steps, (backend, out) -> {
            var losses = new ArrayList<Double>();
            try (ModelFiles files = Models.open(folder.resolve("model"))) {
                new FineTuneRun(files, labels, new FineTuneConfig(2, tokensPerStep, 3e-3, 1), out, 100)
                        .run(backend, new TrainingListener() {
                            @Override
                            public void step(int done, int steps, double loss) {
                                losses.add(loss);
                            }
                        });
            }
            return losses;
        });
    }

    @ParameterizedTest
    @CsvSource({"F32, 0.001, 16", "BF16, 0.2, 64"})
    void ofAVisionTransformer(Precision precision, double percent, int hidden) throws Exception {
        var random = new SplittableRandom(1);
        var pixels = new ArrayList<int[]>();
        var labels = new int[24];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = i % 2;
            int floor = labels[i] == 0 ? 0 : 0x808080;
            pixels.add(random.ints(64).map(bits -> floor + (bits & 0x7F7F7F)).toArray());
        }
        var images = new LabelledImages(8, 8, pixels, labels, CLASSES);
        var sizes = new VitArchitecture(hidden, 1, 2, 128, 8, 4, 2, 1e-6);
        var description = new ImageDescription(
                "small", VitFamily.VIT, sizes, ImagePreparation.stretched(8), CLASSES, Optional.empty());
        var config = new VitTrainingConfig(2, 8, 1e-3, 0.05, 0.1, true, 0.3, 0.5, 0.5, 3);
        compare("a Vision Transformer", precision, percent, 6, (backend, out) -> {
            var losses = new ArrayList<Double>();
            new VitTrainingRun(description, images, config, out, 5, StoredType.F32)
                    .run(backend, new TrainingListener() {
                        @Override
                        public void step(int done, int steps, double loss) {
                            losses.add(loss);
                        }
                    });
            return losses;
        });
    }
}
