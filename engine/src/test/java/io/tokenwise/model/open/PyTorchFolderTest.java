package io.tokenwise.model.open;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.Embedding;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.io.SafetensorsWriter;
import io.tokenwise.io.TensorData;
import io.tokenwise.io.TorchFiles;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Models whose weights PyTorch has written. */
class PyTorchFolderTest {
    private static final EngineOptions OPTIONS = EngineOptions.defaults()
            .withThreads(1)
            .withConcurrentCalls(1)
            .withBackend(new BackendChoice(BackendChoice.Kind.VECTOR, Precision.F32));

    private static final List<String> TEXTS = List.of("a", "a token a token", "token");

    @TempDir
    private Path folder;

    private final Map<String, TensorData> tensors = TinyModel.tensors();
    private Path weights;

    @BeforeEach
    void write() throws IOException {
        TinyModel.write(folder, TinyModel.DESCRIPTION, tensors, ModelWriter.Existing.REPLACE);
        weights = folder.resolve("model.safetensors");
    }

    private float[][] vectors() throws IOException {
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), OPTIONS)) {
            return encoder.embed(TEXTS).stream().map(Embedding::vector).toArray(float[][]::new);
        }
    }

    /** As Python names the tensors of a model with a head. */
    private static Map<String, TensorData> named(Map<String, TensorData> tensors) {
        Map<String, TensorData> named = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> named.put("bert." + name, tensor));
        return named;
    }

    @Test
    void weightsOfPyTorchAreThoseOfSafetensors() throws IOException {
        float[][] wanted = vectors();
        Files.delete(weights);
        Files.write(folder.resolve("pytorch_model.bin"), TorchFiles.stateDict(named(tensors), "Float"));
        assertThat(vectors()).isDeepEqualTo(wanted);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Half", "BFloat16", "Double"})
    void otherTypesAreThoseOfFloatsThatAreRounded(String type) throws IOException {
        UnaryOperator<Float> rounding = value -> switch (type) {
            case "Half" -> Float.float16ToFloat(Float.floatToFloat16(value));
            case "BFloat16" -> Float.intBitsToFloat(Float.floatToRawIntBits(value) & 0xFFFF_0000);
            default -> value;
        };
        Map<String, TensorData> rounded = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> {
            float[] values = tensor.floats().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
            for (int i = 0; i < values.length; i++) {
                values[i] = rounding.apply(values[i]);
            }
            rounded.put(name, new TensorData(tensor.shape(), MemorySegment.ofArray(values)));
        });
        SafetensorsWriter.write(weights, rounded, Map.of());
        float[][] wanted = vectors();
        Files.delete(weights);
        Files.write(folder.resolve("pytorch_model.bin"), TorchFiles.stateDict(tensors, type));
        assertThat(vectors()).isDeepEqualTo(wanted);
    }

    @Test
    void weightsInTwoFilesAreThoseOfOne() throws IOException {
        float[][] wanted = vectors();
        Files.delete(weights);
        ObjectNode index = JsonMapper.shared().createObjectNode();
        ObjectNode map = index.putObject("weight_map");
        for (int shard = 0; shard < 2; shard++) {
            Map<String, TensorData> some = new LinkedHashMap<>();
            String file = "pytorch_model-0000" + (shard + 1) + "-of-00002.bin";
            for (String name : tensors.keySet()) {
                if ((name.hashCode() & 1) == shard) {
                    some.put(name, tensors.get(name));
                    map.put(name, file);
                }
            }
            assertThat(some).isNotEmpty();
            Files.write(folder.resolve(file), TorchFiles.stateDict(some, "Float"));
        }
        Path path = folder.resolve("pytorch_model.bin.index.json");
        Files.writeString(path, index.toString());
        assertThat(vectors()).isDeepEqualTo(wanted);
        Files.writeString(path, "{\"weight_map\": {\"a\": \"model.safetensors\"}}");
        assertThatThrownBy(() -> Models.open(folder))
                .isInstanceOf(BadFileException.class)
                .hasMessage(path + ": weight_map has tensor a in \"model.safetensors\"; must be a .bin file beside it");
    }

    /** As transformers has it. */
    @Test
    void safetensorsAreReadWhereBothAreThere() throws IOException {
        Files.createFile(folder.resolve("pytorch_model.bin"));
        Files.createFile(folder.resolve("pytorch_model.bin.index.json"));
        vectors();
        Files.delete(weights);
        assertThatThrownBy(() -> Models.open(folder))
                .isInstanceOf(BadFileException.class)
                .hasMessage(
                        folder.resolve("pytorch_model.bin")
                                + ": begins neither as a zip archive nor as PyTorch's older files do: torch.save has not written it");
    }

    @Test
    void aPointerOfGitLfsIsNamed() throws IOException {
        Files.delete(weights);
        Path file = folder.resolve("pytorch_model.bin");
        Files.writeString(file, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
        assertThatThrownBy(() -> Models.open(folder))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith(file + ": is a pointer of Git LFS");
    }

    @Test
    void weightsMustFitTheDescription() throws IOException {
        Files.delete(weights);
        tensors.remove("encoder.layer.1.output.dense.bias");
        Path file = folder.resolve("pytorch_model.bin");
        Files.write(file, TorchFiles.stateDict(tensors, "Float"));
        assertThatThrownBy(() -> Models.open(folder))
                .isInstanceOf(BadFileException.class)
                .hasMessage(file + ": has no tensor encoder.layer.1.output.dense.bias");
        // It is closed again, so that Windows can delete it.
        Files.delete(file);
    }

    @Test
    void whatIsReadIsToldByItsType() throws IOException {
        Files.delete(weights);
        Files.write(folder.resolve("pytorch_model.bin"), TorchFiles.stateDict(tensors, "Half"));
        try (ModelFiles files = Models.open(folder)) {
            assertThat(files.weights().type("encoder.layer.1.output.dense.bias"))
                    .isEqualTo("F16");
        }
    }
}
