package io.tokenwise.model.open;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.TestModels;
import io.tokenwise.api.BadFileException;
import io.tokenwise.model.ModelFiles;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A model whose folder lies on the class path, under the name that minilm-acm has there. */
class ClassPathModelTest {
    @TempDir
    Path temp;

    private final ClassLoader saved = Thread.currentThread().getContextClassLoader();
    private Path model;

    @BeforeEach
    void write() throws IOException {
        model = temp.resolve("classes/META-INF/tokenwise/minilm-acm");
        TestModels.writeSmall(model);
    }

    @AfterEach
    void restore() {
        Thread.currentThread().setContextClassLoader(saved);
    }

    private void onClassPath(Path entry) throws IOException {
        URL[] entries = {entry.toUri().toURL()};
        Thread.currentThread().setContextClassLoader(new URLClassLoader(entries, ClassLoader.getPlatformClassLoader()));
    }

    private Path jar() throws IOException {
        Path root = temp.resolve("classes");
        Path jar = temp.resolve("model.jar");
        try (var out = new JarOutputStream(Files.newOutputStream(jar));
                Stream<Path> files = Files.walk(root)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                out.putNextEntry(new JarEntry(root.relativize(file).toString()));
                Files.copy(file, out);
            }
        }
        return jar;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void isTheModelOfItsFolder(boolean inJar) throws IOException {
        onClassPath(inJar ? jar() : temp.resolve("classes"));
        assertThat(Models.defaultName()).isEqualTo("minilm-acm");
        try (ModelFiles found = Models.open("minilm-acm");
                ModelFiles written = Models.open(model);
                Arena arena = Arena.ofConfined()) {
            assertThat(found.description().name()).isEqualTo("minilm-acm");
            assertThat(found.description())
                    .usingRecursiveComparison()
                    .ignoringFields("name")
                    .isEqualTo(written.text());
            assertThat(found.tokenizer().json()).isEqualTo(written.tokenizer().json());
            var expected = ModelFilesTest.readAll(written.weights(), arena);
            var actual = ModelFilesTest.readAll(found.weights(), arena);
            assertThat(actual.keySet()).isEqualTo(expected.keySet());
            actual.forEach((name, tensor) -> assertThat(
                            tensor.floats().mismatch(expected.get(name).floats()))
                    .as(name)
                    .isEqualTo(-1));
        }
    }

    @Test
    void badFileIsNamed() throws IOException {
        Path weights = model.resolve("model.safetensors");
        byte[] whole = Files.readAllBytes(weights);
        Files.write(weights, Arrays.copyOf(whole, whole.length - 1));
        onClassPath(jar());
        assertThatThrownBy(() -> Models.open("minilm-acm"))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith("minilm-acm model.safetensors: tensor ")
                .hasMessageEndingWith("the file is cut short or corrupt");
        Files.write(weights, whole);
        Files.delete(model.resolve("config.json"));
        onClassPath(temp.resolve("classes"));
        assertThatThrownBy(() -> Models.open("minilm-acm"))
                .isInstanceOf(BadFileException.class)
                .hasMessage("minilm-acm config.json: no such file on the class path");
    }
}
