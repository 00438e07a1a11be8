package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.TestModels;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.io.Safetensors;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.bert.BertArchitecture;
import io.tokenwise.model.open.Models;
import io.tokenwise.train.DivergedException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class DistillationTest extends OnSmallRuns {
    @Test
    void sameSeedGivesTheSameWeightsWhateverTheThreads() throws Exception {
        run(folder.resolve("one"), ChildRun.config(STEPS, 1), 1, -1);
        run(folder.resolve("two"), ChildRun.config(STEPS, 1), 2, -1);
        run(folder.resolve("other"), ChildRun.config(STEPS, 2), 1, -1);
        assertThat(mismatch("one", "two")).isEqualTo(-1);
        assertThat(mismatch("one", "other")).isNotEqualTo(-1);
    }

    /** On a model whose learners are wide enough for oneDNN: a step of each phase. */
    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void soItIsOnOneDnn(Precision precision) throws Exception {
        DistillConfig usual = DistillConfig.forTokens(1, 1);
        var config = new DistillConfig(
                AdaptiveLayers.parse("mlp,qkvo", 4),
                1,
                1,
                2,
                200,
                1e-3,
                1e-2,
                0.8,
                1,
                1,
                0.15,
                3,
                true,
                Map.of(),
                usual.seed());
        Path wide = folder.resolve("wide");
        TestModels.write(wide, new BertArchitecture(128, 2, 2, 256, 30_522, 40, 2, 1e-12));
        for (int threads : new int[] {1, 3}) {
            try (ModelFiles files = Models.open(wide);
                    Backend backend = TestModels.oneDnn(precision, threads)) {
                Path out = folder.resolve("threads" + threads);
                new DistillRun(files, ChildRun.texts(), config, out, ModelWriter.Existing.KEEP, 9, StoredType.F32)
                        .run(backend, new DistillRun.Listener() {});
            }
        }
        assertThat(mismatch("threads1", "threads3")).isEqualTo(-1);
    }

    /** All its steps are in the checkpoint then, but not the table that short texts look up. */
    @Test
    void oneThatFailedAfterItsLastStepEndsAsAnUnbrokenOne() throws Exception {
        Path model = folder.resolve("small");
        TestModels.writeSmall(model);
        try (ModelFiles files = Models.open(model);
                Backend backend = VectorBackend.open(1)) {
            DistillConfig config = ChildRun.Kind.LEAVING.config(STEPS, 1);
            ChildRun.of(files, config, folder.resolve("unbroken")).run(backend, new DistillRun.Listener() {});
            DistillRun broken = ChildRun.of(files, config, folder.resolve("broken"));
            assertThatThrownBy(() -> broken.run(backend, new DistillRun.Listener() {
                        @Override
                        public void trained() {
                            throw new IllegalStateException("stopped");
                        }
                    }))
                    .hasMessage("stopped");
            broken.run(backend, new DistillRun.Listener() {
                @Override
                public void step(Distillation.Step step) {
                    throw new AssertionError("step " + step + " is done once more");
                }
            });
        }
        for (String file : List.of("model.safetensors", "config.json")) {
            assertThat(Files.mismatch(
                            folder.resolve("unbroken").resolve(file),
                            folder.resolve("broken").resolve(file)))
                    .as(file)
                    .isEqualTo(-1);
        }
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
    void theHistoryOfABrokenRunIsWhole() throws Exception {
        DistillConfig config = ChildRun.config(STEPS, 1);
        Path out = folder.resolve("out");
        assertThatThrownBy(() -> run(out, config, 1, 23)).isInstanceOf(InterruptedException.class);
        assertThat(history).isNull();
        run(out, config, 1, -1);
        History broken = history;
        run(folder.resolve("unbroken"), config, 1, -1);
        assertThat(broken.steps()).hasSize(STEPS).isEqualTo(history.steps());
        assertThat(broken.qualities()).isEqualTo(history.qualities());
        assertThat(history.qualities())
                .extracting(History.Quality::step)
                .startsWith(2, 4, 6)
                .endsWith(38, 40, 40);
        assertThat(history.qualities()).allSatisfy(quality -> {
            assertThat(quality.agreement()).isBetween(0.0, 1.0);
            assertThat(quality.spent()).isBetween(0.1, 1.0);
        });
    }

    @Test
    void whatFailsAfterTheModelWasWrittenIsMadeUpForWithoutTraining() throws Exception {
        DistillConfig config = ChildRun.config(STEPS, 1);
        Path out = folder.resolve("out");
        reportFails = true;
        assertThatThrownBy(() -> run(out, config, 1, -1)).hasMessage("no report");
        reportFails = false;
        assertThat(run(out, config, 1, -1)).isEmpty();
        assertThat(history.steps()).hasSize(STEPS);
        assertThatThrownBy(() -> run(out, config, 1, -1)).hasMessageContaining("exists and is not empty");
    }

    @Test
    void aCheckpointOfOtherSettingsIsRefusedAndTheDifferencesNamed() throws Exception {
        Path out = folder.resolve("out");
        DistillConfig config = ChildRun.config(STEPS, 1);
        assertThatThrownBy(() -> run(out, config, 1, 23)).isInstanceOf(InterruptedException.class);
        byte[] before = Files.readAllBytes(folder.resolve("out.checkpoint"));
        assertThatThrownBy(() -> run(out, ChildRun.config(2 * STEPS, 2).withLayers(AdaptiveLayers.mlps(8)), 1, -1))
                .isInstanceOf(BadFileException.class)
                .hasMessage(folder.resolve("out.checkpoint")
                        + ": belongs to a run with other settings (layers: was mlp,qo,kv of 3 learners (MLPs: up to 1,"
                        + " or all), is mlp of 8 learners; learner steps: was 10, is 20; gate steps: was 10, is 20;"
                        + " end to end steps: was 20, is 40; seed: was 1, is 2): repeat those, or delete it to start"
                        + " over");
        assertThat(folder.resolve("out.checkpoint")).hasBinaryContent(before);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tokenwise_checkpoint\":\"|tokenwise_checkpoint\":\"9|is a checkpoint of version 9",
                "tokenwise_checkpoint|tokenwise_chequepoin|is not a checkpoint: delete or move it to start",
                "history.steps|history.stops|has no valid history.steps: the checkpoint is damaged",
                "\"counter consumed\":\"|\"counter consumed\":\"-|has no valid counter consumed: the checkpoint is"
                        + " damaged",
            })
    void aCheckpointOfAnotherVersionOrWithoutAPartIsRefused(String part, String other, String message)
            throws Exception {
        Path out = folder.resolve("out");
        Path checkpoint = folder.resolve("out.checkpoint");
        assertThatThrownBy(() -> run(out, ChildRun.config(STEPS, 1), 1, 23)).isInstanceOf(InterruptedException.class);
        String bytes = Files.readString(checkpoint, StandardCharsets.ISO_8859_1);
        assertThat(bytes).contains(part);
        // The header is padded with spaces: what is longer takes one of them.
        String changed = bytes.replace(part, other);
        int surplus = changed.length() - bytes.length();
        Files.writeString(checkpoint, changed.replaceFirst("} {" + surplus + "}", "}"), StandardCharsets.ISO_8859_1);
        assertThatThrownBy(() -> run(out, ChildRun.config(STEPS, 1), 1, -1))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith(checkpoint + ": " + message)
                .message()
                .hasLineCount(1);
    }

    @Test
    void aRunThatDivergesKeepsItsLastGoodState() throws Exception {
        Path out = folder.resolve("out");
        DistillConfig usual = ChildRun.config(STEPS, 1);
        var config = new DistillConfig(
                AdaptiveLayers.mlps(4), 10, 10, 20, 64, 1e-3, 1e38, 0.8, 1, 1, 0.15, 3, true, Map.of(), usual.seed());
        assertThatThrownBy(() -> run(out, config, 1, -1))
                .isInstanceOf(DivergedException.class)
                .hasMessageMatching(
                        "training diverged at step 1[0-7] of 40 \\(phase 2\\): the gradient's norm is NaN; .*")
                .hasMessageContaining("the last good state is in " + folder.resolve("out.checkpoint"))
                .message()
                .hasLineCount(1);
        try (var kept = Safetensors.open(folder.resolve("out.checkpoint"))) {
            assertThat(kept.metadata()).containsEntry("counter step", "9");
        }
        assertThat(out).doesNotExist();
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
}
