package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.TestModels;
import io.tokenwise.acm.leave.Leaving;
import io.tokenwise.acm.leave.NarrowLayers;
import io.tokenwise.acm.leave.PlanLosses;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.io.TensorData;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.HeadForm;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelShapes;
import io.tokenwise.model.Prompts;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextOutput;
import io.tokenwise.model.bert.BertFamily;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Scores are as good in any unit and from any zero. */
class ScoreSpreadTest {
    private static final int GATE_STEPS = 3;

    @TempDir
    private Path folder;

    /** What is measured of a model on the way. */
    private record Measured(NarrowLayers order, PlanLosses losses, List<Double> steps) {}

    @Test
    void itIsTheVarianceOfEachScore() {
        assertThat(ScoreSpread.of(new float[][] {{-12}, {-10}})).isEqualTo(1);
        assertThat(ScoreSpread.of(new float[][] {{-12, 3}, {-10, 7}})).isEqualTo(5);
        // Nothing is divided by 0.
        assertThat(ScoreSpread.of(new float[][] {{5}, {5}})).isCloseTo(25e-8, Offset.offset(1e-12));
        assertThat(ScoreSpread.of(new float[][] {{0}, {0}})).isPositive();
    }

    @Test
    void plansAndLossesAreTheSameInAnyUnitAndFarFromZero() throws Exception {
        List<String> score = List.of("score");
        Measured usual = measured(score, 1, 0);
        assertThat(usual.losses().losses().getFirst().getFirst().getFirst()).isBetween(1e-3, 1e2);
        assertSame(measured(score, 1 / 128f, 0), usual);
        assertThat(measured(score, 1, -64).steps())
                .usingElementComparator(within(1e-2))
                .isEqualTo(usual.steps());
    }

    @Test
    void severalScoresHaveOneUnit() throws Exception {
        List<String> several = List.of("a", "b", "c");
        assertSame(measured(several, 128, 0), measured(several, 1, 0));
    }

    private static void assertSame(Measured found, Measured wanted) {
        assertThat(found.order()).isEqualTo(wanted.order());
        assertThat(found.losses()).isEqualTo(wanted.losses());
        assertThat(found.steps()).usingElementComparator(within(1e-6)).isEqualTo(wanted.steps());
    }

    /** That numbers are within this share of each other. */
    private static Comparator<Double> within(double share) {
        return (a, b) -> Math.abs(a - b) <= share * Math.abs(b) ? 0 : Double.compare(a, b);
    }

    private Measured measured(List<String> labels, float scale, float shift) throws Exception {
        Path dense = folder.resolve(labels.size() + " " + scale + " " + shift);
        write(dense, labels, scale, shift);
        DistillConfig config = ChildRun.leaving(8 * GATE_STEPS, 1);
        List<int[]> texts = ChildRun.texts();
        try (ModelFiles files = Models.open(dense);
                Backend backend = VectorBackend.open(1);
                Encoder teacher = Encoder.load(files, backend);
                Encoder student = Student.of(files, backend, config, texts);
                Distillation distillation = Distillation.of(
                        teacher,
                        student,
                        TrainingInputs.of(texts, files.description(), config, Workers.ALONE),
                        config,
                        backend)) {
            var losses = new ArrayList<Double>();
            for (int i = 0; i <= GATE_STEPS; i++) {
                losses.add(distillation.step().loss());
            }
            student.prepare(backend.stream());
            PlanCalibrator.calibrate(
                    student, backend, texts.subList(0, 60), Workers.ALONE, new DistillRun.Listener() {});
            Leaving leaving = student.leaving().orElseThrow();
            return new Measured(leaving.narrow(), leaving.plans().losses(), losses);
        }
    }

    private static void write(Path folder, List<String> labels, float scale, float shift) throws IOException {
        var output = new TextOutput.SequenceClasses(
                HeadForm.pooled("pooler.dense", "classifier"), labels, labels.size() > 1);
        var description = new TextDescription(
                "small", BertFamily.BERT, TestModels.SMALL, 40, output, Prompts.NONE, Optional.empty());
        try (Arena arena = Arena.ofConfined()) {
            Map<String, TensorData> weights =
                    TestModels.weights(arena, ModelShapes.of(description).tensors(), 0.3);
            change(weights.get("classifier.weight"), scale, 0);
            change(weights.get("classifier.bias"), scale, shift);
            TestModels.write(folder, description, weights);
        }
    }

    private static void change(TensorData tensor, float scale, float shift) {
        for (long i = 0; i < tensor.floats().byteSize() / Float.BYTES; i++) {
            float value = tensor.floats().getAtIndex(ValueLayout.JAVA_FLOAT, i);
            tensor.floats().setAtIndex(ValueLayout.JAVA_FLOAT, i, scale * value + shift);
        }
    }
}
