package io.tokenwise.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** docs/spark.md as it stands: its examples compiled and run. */
class PageTest {
    private static final Path PAGE = Path.of("..", "docs", "spark.md");
    private static final Pattern JAVA_BLOCK = Pattern.compile("```java\\n(.*?class (\\w+) .*?)```", Pattern.DOTALL);

    @TempDir
    Path folder;

    /** Compiles a block and gives the name of its class. */
    private String compiled(int block) throws IOException {
        MatchResult found = JAVA_BLOCK
                .matcher(Files.readString(PAGE))
                .results()
                .skip(block)
                .findFirst()
                .orElseThrow();
        Path source = Files.writeString(folder.resolve(found.group(2) + ".java"), found.group(1));
        String classPath = System.getProperty("java.class.path");
        assertThat(ToolProvider.getSystemJavaCompiler()
                        .run(
                                null,
                                null,
                                null,
                                "-proc:none",
                                "-cp",
                                classPath,
                                "-d",
                                folder.toString(),
                                source.toString()))
                .isZero();
        return found.group(2);
    }

    @Test
    void theColumnsRun() throws Exception {
        LocalSpark.session();
        assertThat(run(folder, compiled(0))).contains("dimensions 384").contains("vector: array");
    }

    @Test
    void theDistillationRuns() throws Exception {
        LocalSpark.session();
        String model = folder.resolve("model").toString();
        SparkDistillationTest.writeSmall(Path.of(model));
        Path texts = Files.write(folder.resolve("texts"), SparkDistillationTest.lines());
        Path out = folder.resolve("out");
        assertThat(run(folder, compiled(1), model, texts.toString(), "10000", out.toString()))
                .contains("cosine to the teacher");
        assertThat(out.resolve("model.safetensors")).exists();
    }

    private static String run(Path folder, String name, String... arguments) throws Exception {
        PrintStream stdout = System.out;
        var written = new ByteArrayOutputStream();
        try (var loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, PageTest.class.getClassLoader())) {
            System.setOut(new PrintStream(written, true, StandardCharsets.UTF_8));
            var main = loader.loadClass(name).getDeclaredMethod("main", String[].class);
            main.setAccessible(true);
            main.invoke(null, (Object) arguments);
        } finally {
            System.setOut(stdout);
        }
        return written.toString(StandardCharsets.UTF_8);
    }
}
