package io.tokenwise.speech;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.TestMoonshines;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.acm.choose.Spending;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.distill.DistillConfig;
import io.tokenwise.distill.DistillRun;
import io.tokenwise.distill.Distillation;
import io.tokenwise.distill.History;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.Models;
import io.tokenwise.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A small Moonshine that is distilled: what it learns and spends, and its files. */
class DistilledMoonshineTest extends OnSmallMoonshine {
    /** What listeners are told of calibration. */
    private final List<String> calibrated = new ArrayList<>();

    private static DistillConfig config(int steps) {
        AdaptiveLayers layers = AdaptiveLayers.parse("mlp,qk,vo", LEARNERS).withMlpLearners(1);
        return new DistillConfig(
                layers, steps / 4, steps / 4, steps / 2, 60, 3e-3, 3e-2, .8, 1, 1, .25, 2, true, Map.of(), 1);
    }

    private History distill(Path out, int steps) throws Exception {
        return distill(out, steps, -1);
    }

    /** @param interrupted the step after which the thread is interrupted; negative for none */
    private History distill(Path out, int steps, int interrupted) throws Exception {
        List<int[]> recordings = IntStream.range(0, 40)
                .mapToObj(seed -> TestMoonshines.bits(TestMoonshines.noise(.3 + .02 * seed, seed)))
                .toList();
        var kept = new ArrayList<History>();
        try (ModelFiles files = Models.open(dense)) {
            new DistillRun(files, recordings, config(steps), out, ModelWriter.Existing.KEEP, 50, StoredType.F32)
                    .run(backend, new DistillRun.Listener() {
                        @Override
                        public void step(Distillation.Step step) {
                            if (step.step() == interrupted) {
                                Thread.currentThread().interrupt();
                            }
                        }

                        @Override
                        public void calibrated(int done, int all) {
                            calibrated.add(done + " of " + all);
                        }

                        @Override
                        public void written(History history) {
                            kept.add(history);
                        }
                    });
        }
        return kept.getFirst();
    }

    @Test
    void aRunThatWasStoppedEndsLikeAnUnbrokenOne() throws Exception {
        Path unbroken = folder.resolve("unbroken");
        Path resumed = folder.resolve("resumed");
        distill(unbroken, 24);
        for (int step : new int[] {3, 9, 17}) {
            assertThatThrownBy(() -> distill(resumed, 24, step)).isInstanceOf(InterruptedException.class);
        }
        distill(resumed, 24);
        for (String file : List.of("config.json", "model.safetensors")) {
            assertThat(resumed.resolve(file)).hasSameBinaryContentAs(unbroken.resolve(file));
        }
    }

    private static double loss(History history, Distillation.Phase phase, boolean end) {
        List<Distillation.Step> steps =
                history.steps().stream().filter(step -> step.phase() == phase).toList();
        int some = steps.size() / 4;
        return (end ? steps.subList(steps.size() - some, steps.size()) : steps.subList(0, some))
                .stream().mapToDouble(Distillation.Step::loss).average().orElseThrow();
    }

    @Test
    void distillationLearnsAndFullBudgetStaysTheTeacher() throws Exception {
        Path adaptive = folder.resolve("adaptive");
        History history = distill(adaptive, 240);
        assertThat(calibrated)
                .startsWith("0 of 19", "1 of 19")
                .endsWith("19 of 19")
                .hasSize(20);
        assertThat(loss(history, Distillation.Phase.LEARNERS, true))
                .isLessThan(.9 * loss(history, Distillation.Phase.LEARNERS, false));
        assertThat(loss(history, Distillation.Phase.END_TO_END, true))
                .isLessThan(loss(history, Distillation.Phase.END_TO_END, false));
        try (Encoder teacher = load(dense);
                Encoder student = load(adaptive)) {
            assertThat(student.acms().stream().map(Acm::path))
                    .startsWith(
                            "encoder.layers.0.attention.qk", "encoder.layers.0.attention.vo", "encoder.layers.0.mlp")
                    .endsWith("decoder.layers.1.attention.qk", "decoder.layers.1.attention.vo", "decoder.layers.1.mlp")
                    .hasSize(12);
            Tensor frames = teacher.tokens(pass.begin(Budget.FULL), recordings(teacher, 1, 2));
            float[] expected = values(frames);
            int[] text = written(teacher, Budget.FULL).inputs();
            Tensor same = student.tokens(pass.begin(Budget.FULL), recordings(student, 1, 2));
            // Units are in another order, so sums are rounded otherwise.
            assertThat(values(same)).hasSameSizeAs(expected);
            for (int i = 0; i < expected.length; i++) {
                assertThat(same.floats().get(i)).isCloseTo(expected[i], within(2e-5f));
            }
            assertThat(written(student, Budget.FULL).inputs()).isEqualTo(text);
            // What a hard budget leaves to a token depends on whether all of the text are there at once.
            for (Budget budget : List.of(Budget.flops(.5), Budget.fixed(.5))) {
                assertPredicted(student, budget);
            }
            assertSpent(student);
        }
    }

    /** Over what both write, token by token. */
    private void assertSpent(Encoder student) {
        for (Budget budget : List.of(Budget.flops(.6), Budget.hard(.6), Budget.fixed(.6), Budget.shuffled(.6, 3))) {
            var spending = new Spending(student.acms());
            for (int seed = 0; seed < 30; seed++) {
                Tensor frames = student.tokens(
                        pass.begin(budget).with(LearnerObserver.class, spending), recordings(student, seed));
                student.decoder().writeAtMost(pass, frames, MOST_TOKENS);
            }
            if (budget.routing() == Budget.Routing.HARD || budget.routing() == Budget.Routing.STATIC) {
                assertThat(spending.share()).as("%s", budget).isLessThanOrEqualTo(.6);
            } else {
                assertThat(spending.share()).as("%s", budget).isCloseTo(.6, within(.1));
            }
        }
    }

    @Test
    void whatIsReadAndSavedAgainIsTheSame() throws Exception {
        Path adaptive = folder.resolve("adaptive");
        Path again = folder.resolve("again");
        distill(adaptive, 12);
        try (Encoder student = load(adaptive)) {
            student.save(again, null, ModelWriter.Existing.KEEP);
        }
        for (String file : List.of("config.json", "model.safetensors", "llama-tokenizer.js")) {
            assertThat(again.resolve(file)).hasSameBinaryContentAs(adaptive.resolve(file));
        }
        Path small = folder.resolve("bytes");
        try (Encoder student = load(adaptive)) {
            student.save(small, null, ModelWriter.Existing.KEEP, StoredType.S8);
        }
        try (Encoder student = load(small)) {
            assertPredicted(student, Budget.flops(.5));
        }
    }

    @Test
    void whatDoesNotFitIsToldInOneLine() throws Exception {
        Path adaptive = folder.resolve("adaptive");
        distill(adaptive, 12);
        String config = Files.readString(adaptive.resolve("config.json"));
        assertBad(
                adaptive,
                config.replace("decoder.layers.1.mlp", "decoder.layers.7.mlp"),
                "acm.modules names decoder.layers.7.mlp, the model has encoder.layers.0.mlp to encoder.layers.1.mlp,"
                        + " decoder.layers.0.mlp to decoder.layers.1.mlp, and attention with letters of qkvo likewise");
        assertBad(adaptive, config.replace("decoderCalibration", "other"), "but no decoderCalibration");
        var attention = new DistillConfig(
                AdaptiveLayers.parse("mlp,vo", 5), 1, 1, 1, 60, 1, 1, 1, 1, 1, .25, 1, true, Map.of(), 1);
        List<int[]> recordings = IntStream.range(0, 20)
                .mapToObj(seed -> TestMoonshines.bits(TestMoonshines.noise(.3, seed)))
                .toList();
        try (ModelFiles files = Models.open(dense)) {
            var run = new DistillRun(
                    files, recordings, attention, folder.resolve("x"), ModelWriter.Existing.KEEP, 5, StoredType.F32);
            assertThatThrownBy(() -> run.run(backend, new DistillRun.Listener() {}))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("encoder.layers.0.attention: 12 units of 4 columns")
                    .hasMessageContaining("make only mlp adaptive");
        }
    }

    private void assertBad(Path model, String config, String message) throws IOException {
        Files.writeString(model.resolve("config.json"), config);
        assertThatThrownBy(() -> load(model))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining(message);
    }
}
