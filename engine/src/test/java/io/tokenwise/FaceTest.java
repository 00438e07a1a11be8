package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a module of somebody else's sees of the engine. */
class FaceTest {
    @TempDir
    Path folder;

    /** @return what javac says; empty if it is content */
    private String compile(String body) throws IOException {
        Path module =
                Files.writeString(folder.resolve("module-info.java"), "module app { requires io.tokenwise.engine; }");
        Files.createDirectories(folder.resolve("app"));
        Path source = Files.writeString(folder.resolve("app/App.java"), "package app; class App {" + body + "}");
        // The folders and jars of this test's class path, but for tests, whose packages are the engine's too.
        String modules = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.contains("test-classes"))
                .filter(entry -> entry.contains("engine")
                        || entry.contains("kernels")
                        || entry.contains("native-bindings")
                        || entry.contains("jackson")
                        || entry.contains("slf4j-api")
                        || entry.contains("tribuo")
                        || entry.contains("protobuf"))
                .collect(Collectors.joining(File.pathSeparator));
        var errors = new ByteArrayOutputStream();
        ToolProvider.getSystemJavaCompiler()
                .run(
                        null,
                        errors,
                        errors,
                        "-proc:none",
                        "-Xlint:-incubating",
                        "-cp",
                        folder.toString(),
                        "-p",
                        modules,
                        "-d",
                        folder.resolve("out").toString(),
                        module.toString(),
                        source.toString());
        return errors.toString(StandardCharsets.UTF_8);
    }

    @Test
    void theFaceSuffices() throws IOException {
        assertThat(compile("""
                        void run() throws Exception {
                            var options = io.tokenwise.api.EngineOptions.defaults()
                                    .withThreads(1)
                                    .withBackend(io.tokenwise.api.BackendChoice.FLOAT32);
                            try (var engine = io.tokenwise.Engine.open(options);
                                    var texts = engine.textEncoder("minilm-acm");
                                    var images = engine.imageClassifier("vit-cifar10-acm");
                                    var speech = engine.speechRecognizer("moonshine-tiny")) {
                                texts.warmUp();
                                var request = io.tokenwise.EmbedRequest.of("a text")
                                        .as(io.tokenwise.InputType.QUERY)
                                        .withBudget(io.tokenwise.api.Budget.of(0.5))
                                        .withLongTexts(io.tokenwise.LongTexts.SPLIT)
                                        .withDeadline(io.tokenwise.api.Deadline.in(java.time.Duration.ofSeconds(1)));
                                byte[] bits = texts.embed(request).getFirst().binary();
                                byte[] bytes = texts.embedAsync(request).join().getFirst().int8().values();
                                String label = images.classify(new io.tokenwise.image.Image(1, 1, new int[1])).label();
                                speech.transcribe(
                                        io.tokenwise.audio.Sound.of(16_000, new float[16_000]), text -> {});
                                texts.tokenize("a text").getFirst().startChar();
                            }
                        }
                        """)).isEmpty();
    }

    @Test
    void whatIsBehindItIsHidden() throws IOException {
        for (String hidden : new String[] {
            "io.tokenwise.session.OpenModel",
            "io.tokenwise.model.Encoder",
            "io.tokenwise.model.ModelFiles",
            "io.tokenwise.backend.Backend",
            "io.tokenwise.tensor.Tensor"
        }) {
            assertThat(compile(hidden + " hidden;")).contains("is not visible").contains("does not export it");
        }
    }
}
