package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** docs/serving.md: its examples of Java compile. */
class ServingPageTest {
    private static final Path PAGE = Path.of("..", "docs", "serving.md");
    private static final Pattern JAVA_BLOCK = Pattern.compile("```java\\n(.*?class (\\w+) .*?)```", Pattern.DOTALL);

    @Test
    void theExamplesCompile(@TempDir Path folder) throws IOException {
        List<MatchResult> blocks =
                JAVA_BLOCK.matcher(Files.readString(PAGE)).results().toList();
        assertThat(blocks).extracting(block -> block.group(2)).containsExactly("Serve", "Queued");
        var arguments = new ArrayList<>(
                List.of("-proc:none", "-cp", System.getProperty("java.class.path"), "-d", folder.toString()));
        for (MatchResult block : blocks) {
            arguments.add(Files.writeString(folder.resolve(block.group(2) + ".java"), block.group(1))
                    .toString());
        }
        assertThat(ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(String[]::new)))
                .isZero();
    }
}
