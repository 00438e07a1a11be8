package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.TestModels;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Precision;
import io.tokenwise.backend.VectorBackend;
import io.tokenwise.io.BadFileException;
import io.tokenwise.io.ModelFiles;
import io.tokenwise.io.ModelWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DistillationTest {
    private static final int STEPS = 40;

    @TempDir
    Path folder;

    private Path dense;

    @BeforeEach
    void write() throws IOException {
        dense = folder.resolve("dense");
        TestModels.writeSmall(dense);
    }

    private List<Distillation.Step> run(Path out, DistillConfig config, int threads, int stopAfter) throws Exception {
        var steps = new ArrayList<Distillation.Step>();
        try (ModelFiles files = ModelFiles.open(dense);
                Backend backend = VectorBackend.open(threads)) {
            new DistillRun(files, ChildRun.texts(), config, out, ModelWriter.Existing.KEEP, 9)
                    .run(backend, new DistillRun.Listener() {
                        @Override
                        public void step(Distillation.Step step) {
                            steps.add(step);
                            if (steps.size() == stopAfter) {
                                Thread.currentThread().interrupt();
                            }
                        }
                    });
        }
        return steps;
    }

    @Test
    void sameSeedGivesTheSameWeightsWhateverTheThreads() throws Exception {
        run(folder.resolve("one"), ChildRun.config(STEPS, 1), 1, -1);
        run(folder.resolve("two"), ChildRun.config(STEPS, 1), 2, -1);
        run(folder.resolve("other"), ChildRun.config(STEPS, 2), 1, -1);
        assertThat(mismatch("one", "two")).isEqualTo(-1);
        assertThat(mismatch("one", "other")).isNotEqualTo(-1);
    }

    /** On MiniLM, because the small model's matrices are too small for oneDNN: a step of each phase. */
    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void soItIsOnOneDnn(Precision precision) throws Exception {
        DistillConfig usual = DistillConfig.forTokens(1, 1);
        var config = new DistillConfig(4, 1, 1, 2, 200, 1e-3, 1e-2, 0.8, 1, 0.15, 3, usual.seed());
        for (int threads : new int[] {1, 3}) {
            try (ModelFiles files = ModelFiles.builtIn("minilm");
                    Backend backend = TestModels.oneDnn(precision, threads)) {
                Path out = folder.resolve("threads" + threads);
                new DistillRun(files, ChildRun.texts(), config, out, ModelWriter.Existing.KEEP, 9)
                        .run(backend, new DistillRun.Listener() {});
            }
        }
        assertThat(mismatch("threads1", "threads3")).isEqualTo(-1);
    }

    private long mismatch(String a, String b) throws IOException {
        String weights = "model.safetensors";
        return Files.mismatch(
                folder.resolve(a).resolve(weights), folder.resolve(b).resolve(weights));
    }

    @Test
    void lossFallsInEachPhase() throws Exception {
        List<Distillation.Step> steps = run(folder.resolve("out"), ChildRun.config(400, 1), 2, -1);
        Map<Distillation.Phase, List<Double>> losses = new EnumMap<>(Distillation.Phase.class);
        steps.forEach(step ->
                losses.computeIfAbsent(step.phase(), p -> new ArrayList<>()).add(step.loss()));
        assertThat(losses.keySet())
                .containsExactly(Distillation.Phase.LEARNERS, Distillation.Phase.GATES, Distillation.Phase.END_TO_END);
        losses.forEach((phase, values) -> {
            int part = values.size() / 4;
            assertThat(mean(values.subList(values.size() - part, values.size())))
                    .as(phase + " ends below its start")
                    .isLessThan(mean(values.subList(0, part)));
        });
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }

    @Test
    void anInterruptedRunGoesOnFromItsCheckpoint() throws Exception {
        DistillConfig config = ChildRun.config(STEPS, 1);
        Path out = folder.resolve("new").resolve("folder").resolve("out");
        assertThatThrownBy(() -> run(out, config, 1, 23)).isInstanceOf(InterruptedException.class);
        assertThat(out).doesNotExist();
        List<Distillation.Step> rest = run(out, config, 2, -1);
        assertThat(rest.getFirst().step()).isEqualTo(23);
        run(folder.resolve("unbroken"), config, 1, -1);
        assertThat(mismatch("new/folder/out", "unbroken")).isEqualTo(-1);
    }

    @Test
    void aCheckpointOfOtherSettingsIsRefused() throws Exception {
        Path out = folder.resolve("out");
        assertThatThrownBy(() -> run(out, ChildRun.config(STEPS, 1), 1, 23)).isInstanceOf(InterruptedException.class);
        assertThatThrownBy(() -> run(out, ChildRun.config(STEPS, 2), 1, -1))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("out.checkpoint")
                .hasMessageContaining("delete the file");
    }

    @Test
    void aDamagedCheckpointIsRefused() throws Exception {
        Path out = folder.resolve("out");
        Path checkpoint = folder.resolve("out.checkpoint");
        assertThatThrownBy(() -> run(out, ChildRun.config(STEPS, 1), 1, 23)).isInstanceOf(InterruptedException.class);
        byte[] bytes = Files.readAllBytes(checkpoint);
        Files.write(checkpoint, Arrays.copyOf(bytes, bytes.length / 2));
        assertThatThrownBy(() -> run(out, ChildRun.config(STEPS, 1), 1, -1))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("out.checkpoint");
    }

    @Test
    void aModelThatDoesNotNormaliseIsComparedByAngle() throws Exception {
        Files.writeString(dense.resolve("modules.json"), """
                [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
                 {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]
                """);
        List<Distillation.Step> steps = run(folder.resolve("out"), ChildRun.config(STEPS, 1), 1, -1);
        assertThat(steps)
                .filteredOn(step -> step.phase() == Distillation.Phase.END_TO_END)
                .isNotEmpty()
                .allSatisfy(step -> assertThat(step.loss()).isBetween(0.0, 2.0));
    }

    @Test
    void anExistingModelIsKept() throws Exception {
        Path out = folder.resolve("out");
        Files.createDirectories(out);
        Files.writeString(out.resolve("mine.txt"), "mine");
        assertThatThrownBy(() -> run(out, ChildRun.config(STEPS, 1), 1, -1))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("out: exists and is not empty");
        assertThat(out.resolve("mine.txt")).hasContent("mine");
    }

    @Test
    void anAdaptiveModelIsNoTeacher() throws Exception {
        Path adaptive = folder.resolve("adaptive");
        run(adaptive, ChildRun.config(STEPS, 1), 1, -1);
        dense = adaptive;
        assertThatThrownBy(() -> run(folder.resolve("again"), ChildRun.config(STEPS, 1), 1, -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no dense MLP");
    }
}
