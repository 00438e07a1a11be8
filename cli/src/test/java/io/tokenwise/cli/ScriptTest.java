package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The script {@code tokenwise}, by what it does without a build. */
class ScriptTest {
    private static final Path SCRIPT = Path.of("..", "tokenwise");

    @Test
    void findsTheJdkWhereNobodyHasAHome() throws Exception {
        assumeTrue(Files.isExecutable(SCRIPT), "no script on this system");
        var script = new ProcessBuilder("env", "-u", "HOME", SCRIPT.toString(), "java", "-version");
        script.redirectErrorStream(true).environment().put("JAVA_HOME", System.getProperty("java.home"));
        Process process = script.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        assertThat(said).contains("" + Runtime.version().feature());
    }

    /** Nothing is compared only where nothing is; of another language too each file counts. */
    @Test
    void theLockIsComparedWhereNobodyHasAHome() throws Exception {
        assumeTrue(Files.isExecutable(SCRIPT), "no script on this system");
        Path repository = Path.of(System.getProperty("user.home"), ".m2", "repository");
        assumeTrue(
                Files.isDirectory(repository.resolve("org"))
                        && Files.notExists(repository.resolveSibling("settings.xml")),
                "Maven keeps what it fetches elsewhere");
        var script = new ProcessBuilder(
                "env", "-u", "HOME", "-u", "MAVEN_OPTS", "-u", "MAVEN_ARGS", SCRIPT.toString(), "lock", "--check");
        Process process = script.redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        assertThat(said).contains(repository.toString()).doesNotContain("nothing is compared");
    }
}
