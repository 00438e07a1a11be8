package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelShapes;
import io.tokenwise.model.open.Models;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModuleNameTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "encoder.layer.2.mlp | layer 3 MLP",
                "encoder.layer.2.attention.qk | layer 3 Q, K",
                "encoder.layer.11.attention.qkvo | layer 12 Q, K, V, O",
                "encoder.layers.0.attention.vo | layer 1 V, O",
                "decoder.layers.1.mlp | decoder layer 2 MLP",
                "layers.3.attention.vo | layer 4 V, O",
                "transformer.layer.0.mlp | layer 1 MLP",
                "some.other.place | some.other.place",
            })
    void aPathHasTheNameThatAReaderKnows(String path, String name) {
        assertThat(ModuleName.of(path)).isEqualTo(name);
    }

    @Test
    void aModelOfSixLayersHasNoSeventh() throws Exception {
        try (ModelFiles files = Models.builtIn("vit-cifar10")) {
            List<String> names = ModelShapes.of(files.description()).layerPaths().stream()
                    .flatMap(List::stream)
                    .flatMap(layer ->
                            Stream.of(".attention.qk", ".attention.vo", ".mlp").map(layer::concat))
                    .map(ModuleName::of)
                    .toList();
            assertThat(names)
                    .hasSize(18)
                    .doesNotHaveDuplicates()
                    .startsWith("layer 1 Q, K", "layer 1 V, O", "layer 1 MLP");
            assertThat(names).endsWith("layer 6 Q, K", "layer 6 V, O", "layer 6 MLP");
        }
    }
}
