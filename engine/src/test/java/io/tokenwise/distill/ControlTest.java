package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.TestModels;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.choose.Spending;
import io.tokenwise.api.Budget;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelShapes;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.SpeechDescription;
import io.tokenwise.model.moonshine.MoonshineArchitecture;
import io.tokenwise.model.moonshine.MoonshineFamily;
import io.tokenwise.model.open.Models;
import io.tokenwise.session.Sessions;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Controls: students without gates, of a fixed width or of fewer layers. */
class ControlTest {
    private static final int LAYERS = 2;
    private static final AdaptiveLayers ADAPT = AdaptiveLayers.parse("mlp,qk,vo", 3);
    private static final List<Budget> ANY = List.of(Budget.FULL, Budget.flops(0.3), Budget.hard(1), Budget.fixed(0.7));

    @TempDir
    Path folder;

    @BeforeEach
    void write() throws Exception {
        TestModels.writeSmall(folder.resolve("dense"));
    }

    private History distill(String name, int steps, Map<String, Integer> widths) throws Exception {
        var kept = new History[1];
        DistillConfig config = ChildRun.config(steps, 1).withLayers(ADAPT).withFixed(widths);
        try (ModelFiles files = Models.open(folder.resolve("dense"));
                Backend backend = VectorBackend.open(1)) {
            new DistillRun(
                            files,
                            ChildRun.texts(),
                            config,
                            folder.resolve(name),
                            ModelWriter.Existing.KEEP,
                            9,
                            StoredType.F32)
                    .run(backend, new DistillRun.Listener() {
                        @Override
                        public void written(History history) {
                            kept[0] = history;
                        }
                    });
        }
        return kept[0];
    }

    private static List<List<String>> layers(int count) {
        return List.of(
                IntStream.range(0, count).mapToObj(i -> "encoder.layer." + i).toList());
    }

    private static double cosine(History history) {
        return history.qualities().getLast().agreement();
    }

    @Test
    void aTrainedControlIsNearerToTheTeacherAndSpendsTheSameWhateverTheBudget() throws Exception {
        Map<String, Integer> widths = ControlWidths.even(layers(LAYERS), ADAPT, 0.6);
        assertThat(widths.values()).containsOnly(2).hasSize(3 * LAYERS);
        History history = distill("control", 200, widths);
        assertThat(cosine(history)).isGreaterThan(cosine(distill("untrained", 4, widths)));
        assertThat(history.steps()).noneMatch(step -> step.phase() == Distillation.Phase.GATES);
        assertThat(history.steps()).allMatch(step -> step.budgetLoss() == 0);
        try (ModelFiles files = Models.open(folder.resolve("control"));
                Backend backend = VectorBackend.open(1);
                Encoder control = Encoder.load(files, backend);
                var sessions = new Sessions(control, backend, 64, 1)) {
            List<int[]> texts = ChildRun.texts().subList(0, 5);
            float[][] expected = sessions.encode(texts, Budget.FULL, null);
            for (Budget budget : ANY) {
                var spending = new Spending(control.acms());
                assertThat(Arrays.deepEquals(sessions.encode(texts, budget, spending), expected))
                        .as("the vectors at " + budget)
                        .isTrue();
                assertThat(spending.share()).isCloseTo(2 / 3.0, within(1e-9));
            }
            assertThatThrownBy(() -> sessions.encode(texts, Budget.hard(0.9), null))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("the model is a control without gates");
        }
    }

    /** The student in memory, after its last step, and the one that is read back are the same. */
    @Test
    void fewerLayersAreTrainedAndReadBack() throws Exception {
        Map<String, Integer> widths = ControlWidths.layers(layers(LAYERS), ADAPT, 0.5);
        assertThat(widths).containsEntry("encoder.layer.0.mlp", 0).containsEntry("encoder.layer.1.attention.vo", 3);
        History history = distill("short", 200, widths);
        assertThat(cosine(history)).isGreaterThan(cosine(distill("untrained", 4, widths)));
        try (ModelFiles denseFiles = Models.open(folder.resolve("dense"));
                ModelFiles files = Models.open(folder.resolve("short"));
                Backend backend = VectorBackend.open(1);
                Encoder dense = Encoder.load(denseFiles, backend);
                Encoder control = Encoder.load(files, backend)) {
            List<int[]> heldOut =
                    InputSplit.of(ChildRun.texts(), TestModels.DESCRIPTION).heldOut();
            History.Quality read = new HeldOut(dense, backend, heldOut).quality(control, 0, Long.MAX_VALUE);
            assertThat(read.agreement()).isCloseTo(cosine(history), within(1e-6));
            assertThat(read.spent()).isCloseTo(0.5, within(1e-9));
        }
    }

    @Test
    void modulesTakeTheirSharesInWholeLearners() {
        AdaptiveLayers mlps = AdaptiveLayers.mlps(16);
        Map<String, Double> shares = Map.of("encoder.layer.0.mlp", 0.51, "encoder.layer.1.mlp", 1.02);
        assertThat(ControlWidths.like(layers(2), mlps, shares))
                .containsExactly(Map.entry("encoder.layer.0.mlp", 8), Map.entry("encoder.layer.1.mlp", 16));
        assertThatThrownBy(() -> ControlWidths.like(layers(3), mlps, shares))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("has no module encoder.layer.2.mlp");
    }

    @Test
    void tokensThatLeaveHaveNoWidths() {
        assertThatThrownBy(() -> ControlWidths.even(layers(2), AdaptiveLayers.LEAVING, 0.5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a control has learners, not tokens that leave");
    }

    @Test
    void layersAreEvenlySpreadAndTheLastOneStays() {
        AdaptiveLayers mlps = AdaptiveLayers.mlps(4);
        assertThat(ControlWidths.layers(layers(6), mlps, 0.5).values()).containsExactly(0, 4, 0, 4, 0, 4);
        assertThat(ControlWidths.layers(layers(6), mlps, 0.34).values()).containsExactly(0, 4, 0, 4, 0, 4);
        assertThat(ControlWidths.layers(layers(6), mlps, 0.33).values()).containsExactly(0, 0, 4, 0, 0, 4);
    }

    @Test
    void aDecoderIsCutAsTheEncoderIs() {
        AdaptiveLayers mlps = AdaptiveLayers.mlps(4);
        var moonshine = new SpeechDescription(
                "moonshine",
                MoonshineFamily.MOONSHINE,
                new MoonshineArchitecture(288, 4, 2, 8, 1152, 32768, 32),
                MoonshineArchitecture.SOUND,
                null,
                Optional.empty());
        List<List<String>> paths = ModelShapes.of(moonshine).layerPaths();
        assertThat(ControlWidths.layers(paths, mlps, 0.5))
                .containsExactly(
                        Map.entry("encoder.layers.0.mlp", 0),
                        Map.entry("encoder.layers.1.mlp", 4),
                        Map.entry("encoder.layers.2.mlp", 0),
                        Map.entry("encoder.layers.3.mlp", 4),
                        Map.entry("decoder.layers.0.mlp", 0),
                        Map.entry("decoder.layers.1.mlp", 4));
        assertThat(ControlWidths.even(paths, mlps, 0.5).values()).hasSize(6).containsOnly(2);
    }
}
