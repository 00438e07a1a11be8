package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.io.Safetensors;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.AdaptiveConfig;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An adaptive model goes on learning, as it is, from its own dense blocks. */
class GoingOnTest extends OnSmallRuns {
    @ParameterizedTest
    @EnumSource
    void anAdaptiveModelGoesOnLearningFromItsOwnDenseBlocks(StoredType type) throws Exception {
        stored = type;
        DistillConfig config = ChildRun.config(STEPS, 1);
        List<Distillation.Step> first = run(folder.resolve("first"), config, 1, -1);
        dense = folder.resolve("first");
        DistillConfig goingOn = goingOn(ChildRun.config(4 * STEPS, 2));
        Path out = folder.resolve("second");
        assertThatThrownBy(() -> run(out, goingOn, 1, 50)).isInstanceOf(InterruptedException.class);
        run(out, goingOn, 2, -1);
        List<Distillation.Step> steps = run(folder.resolve("unbroken"), goingOn, 1, -1);
        assertThat(mismatch("second", "unbroken")).isEqualTo(-1);
        assertThat(steps)
                .hasSize(4 * STEPS)
                .allSatisfy(step -> assertThat(step.phase()).isEqualTo(Distillation.Phase.END_TO_END));
        assertThat(mean(steps.stream().map(Distillation.Step::loss).skip(80).toList()))
                .isLessThan(first.getLast().loss());
        try (var before = Safetensors.open(dense.resolve("model.safetensors"));
                var after = Safetensors.open(out.resolve("model.safetensors"))) {
            assertThat(after.names()).isEqualTo(before.names());
            for (String name : before.names()) {
                if (!name.contains(".acm.")) {
                    assertThat(values(after, name)).as(name).isEqualTo(values(before, name));
                }
            }
            String learned = "encoder.layer.1.mlp.acm.b1";
            assertThat(values(after, learned)).isNotEqualTo(values(before, learned));
        }
    }

    private DistillConfig goingOn(DistillConfig config) throws IOException {
        try (ModelFiles files = Models.open(dense)) {
            return config.goingOn(AdaptiveConfig.of(files.description()).acm().orElseThrow());
        }
    }

    private static float[] values(Safetensors file, String name) {
        var values = new float[(int) Arrays.stream(file.shape(name)).reduce(1, (a, b) -> a * b)];
        file.read(name, MemorySegment.ofArray(values));
        return values;
    }

    /** Nor is it trained as an untrained one: that would spoil what it has learnt. */
    @Test
    void whatGoesOnLearningStaysAsItIs() throws Exception {
        DistillConfig config = ChildRun.config(STEPS, 1);
        run(folder.resolve("adaptive"), config, 1, -1);
        dense = folder.resolve("adaptive");
        DistillConfig goingOn = goingOn(config);
        for (DistillConfig wrong : List.of(
                config,
                goingOn.withLayers(AdaptiveLayers.parse("mlp", 3)),
                goingOn.withFixed(Map.of("encoder.layer.0.mlp", 1)))) {
            assertThatThrownBy(() -> run(folder.resolve("again"), wrong, 1, -1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(
                            "adaptive is adaptive already (mlp,qo,kv of 3 learners (MLPs: up to 1, or all)):"
                                    + " it can go on learning as it is, by steps of phase 3");
        }
    }

    @Test
    void aControlDoesNotGoOnLearning() throws Exception {
        DistillConfig config = ChildRun.config(STEPS, 1);
        run(folder.resolve("control"), config.withFixed(Map.of("encoder.layer.0.mlp", 1)), 1, -1);
        dense = folder.resolve("control");
        assertThatThrownBy(() -> goingOn(config))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the model is a control, without gates");
    }
}
