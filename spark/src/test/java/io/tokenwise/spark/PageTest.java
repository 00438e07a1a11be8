package io.tokenwise.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
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

/** docs/spark.md as it stands: its example compiled and run. */
class PageTest {
    private static final Path PAGE = Path.of("..", "docs", "spark.md");
    private static final Pattern JAVA_BLOCK = Pattern.compile("```java\\n(.*?class (\\w+) .*?)```", Pattern.DOTALL);

    @Test
    void theExampleRuns(@TempDir Path folder) throws Exception {
        MatchResult block =
                JAVA_BLOCK.matcher(Files.readString(PAGE)).results().findFirst().orElseThrow();
        Path source = Files.writeString(folder.resolve(block.group(2) + ".java"), block.group(1));
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
        LocalSpark.session();
        assertThat(run(folder, block.group(2))).contains("dimensions 384").contains("vector: array");
    }

    private static String run(Path folder, String name) throws Exception {
        PrintStream stdout = System.out;
        var written = new ByteArrayOutputStream();
        try (var loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, PageTest.class.getClassLoader())) {
            System.setOut(new PrintStream(written, true, StandardCharsets.UTF_8));
            var main = loader.loadClass(name).getDeclaredMethod("main", String[].class);
            main.setAccessible(true);
            main.invoke(null, (Object) new String[0]);
        } finally {
            System.setOut(stdout);
        }
        return written.toString(StandardCharsets.UTF_8);
    }
}
