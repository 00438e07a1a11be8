package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.tokenwise.HuggingFaceTensors;
import io.tokenwise.TestModels;
import io.tokenwise.TestMoonshines;
import io.tokenwise.TestVits;
import io.tokenwise.api.Budget;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.bert.BertArchitecture;
import io.tokenwise.model.bert.BertFamily;
import io.tokenwise.model.moonshine.MoonshineArchitecture;
import io.tokenwise.model.moonshine.MoonshineFamily;
import io.tokenwise.model.open.Models;
import io.tokenwise.model.vit.VitArchitecture;
import io.tokenwise.session.Sessions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Names and shapes are what building a network says, and building one for them takes no memory. */
class ModelShapesTest {
    private static final SpeechDescription MOONSHINE = new SpeechDescription(
            "small",
            MoonshineFamily.MOONSHINE,
            TestMoonshines.SMALL,
            MoonshineArchitecture.SOUND,
            null,
            Optional.empty());

    private static void assertShapes(ModelDescription description, Map<String, long[]> expected) {
        Map<String, long[]> shapes = ModelShapes.of(description).tensors();
        assertThat(shapes).containsOnlyKeys(expected.keySet());
        shapes.forEach((name, shape) -> assertThat(shape).as(name).isEqualTo(expected.get(name)));
    }

    @Test
    void builtNetworksHaveTheTensorsThatHuggingFaceNames() {
        assertShapes(TestModels.DESCRIPTION, HuggingFaceTensors.of(TestModels.SMALL));
        assertShapes(TestVits.describe(TestVits.SMALL), HuggingFaceTensors.of(TestVits.SMALL));
        assertShapes(MOONSHINE, HuggingFaceTensors.of(TestMoonshines.SMALL));
    }

    @Test
    void layersHaveTheirPaths() {
        assertThat(ModelShapes.of(TestModels.DESCRIPTION).layerPaths())
                .containsExactly(List.of("encoder.layer.0", "encoder.layer.1"));
        assertThat(ModelShapes.of(MOONSHINE).layerPaths().get(1)).startsWith("decoder.layers.0", "decoder.layers.1");
    }

    /** Of the largest sizes that a description may have, far more than there is memory for. */
    @Test
    void shapesOfTheLargestModelTakeNoMemory() {
        var sizes = new VitArchitecture(1 << 16, 1 << 10, 1 << 8, 1 << 16, 1 << 12, 1 << 5, 1 << 16, 1e-6);
        Map<String, long[]> shapes = ModelShapes.of(TestVits.describe(sizes)).tensors();
        assertThat(shapes).hasSize(4 + 16 * (1 << 10) + 4);
        assertThat(shapes.get("encoder.layer.1023.output.dense.weight")).containsExactly(1 << 16, 1 << 16);
        var text = new BertArchitecture(1 << 16, 1 << 10, 1 << 8, 1 << 16, 1 << 24, 1 << 24, 2, 1e-12);
        assertThat(ModelShapes.of(new TextDescription(
                                "large", BertFamily.BERT, text, 1 << 24, Pooling.MEAN, true, "", "", Optional.empty()))
                        .tensors())
                .hasSize(5 + 16 * (1 << 10));
    }

    @Test
    void aModelOfShapesRefusesToCompute() {
        try (var parameters = new Parameters(new ShapeBackend())) {
            var parts = new LayerBuilder(parameters, TestModels.SMALL, AdaptiveConfig.DENSE);
            var linear = parts.linear("some", 3, 5);
            String message = "a model that has shapes only neither holds values nor computes";
            assertThatIllegalStateException()
                    .isThrownBy(() -> linear.weight().prepare(null))
                    .withMessage(message);
            assertThatIllegalStateException()
                    .isThrownBy(() -> linear.bias().read())
                    .withMessage(message);
        }
    }

    /** A layer writes over what the one before the last gave, so that a pass of many layers needs no more than one of few. */
    @Test
    void workingMemoryDoesNotGrowWithLayers(@TempDir Path folder) throws IOException {
        assertThat(workspace(folder.resolve("many"), 10)).isEqualTo(workspace(folder.resolve("few"), 2));
    }

    private static long workspace(Path folder, int layers) throws IOException {
        TestModels.write(folder, new BertArchitecture(96, layers, 3, 192, 30522, 40, 2, 1e-12));
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = Models.open(folder);
                Encoder model = Encoder.load(files, backend);
                var sessions = new Sessions(model, backend, 1024, 1)) {
            List<int[]> texts =
                    TestModels.sequences(IntStream.generate(() -> 32).limit(32).toArray());
            // Twice, since at first a workspace grows in pieces.
            sessions.encode(texts, Budget.FULL, null);
            sessions.encode(texts, Budget.FULL, null);
            return sessions.workspaceBytes();
        }
    }
}
