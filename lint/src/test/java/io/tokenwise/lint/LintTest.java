package io.tokenwise.lint;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LintTest {
    private static final String COMPARES_ARRAYS =
            "package one; class Compares { boolean same(int[] a, int[] b) { return a.equals(b); } }";

    @TempDir
    Path module;

    @BeforeEach
    void hasNoLibraries() throws IOException {
        write("target/test-classpath", "\n");
    }

    private void write(String file, String text) throws IOException {
        Path path = module.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    private List<String> faults() throws Exception {
        return Lint.faults(List.of(module));
    }

    @Test
    void whatErrorProneKnowsIsNamedWithItsFile() throws Exception {
        write("src/main/java/one/Sound.java", "package one; class Sound {}");
        assertThat(faults()).isEmpty();
        write("src/test/java/one/Compares.java", COMPARES_ARRAYS);
        assertThat(faults()).singleElement().asString().contains("Compares.java:1: error: [ArrayEquals]");
    }

    /** On the class path javac refuses them, and then Error Prone looks at nothing. */
    @Test
    void aModuleWithClassesSealedAcrossPackagesIsLookedAt() throws Exception {
        write("src/main/java/module-info.java", "module sealed.across { requires java.logging; }");
        write("src/main/java/one/Shape.java", "package one; public sealed interface Shape permits two.Circle {}");
        write("src/main/java/two/Circle.java", "package two; public final class Circle implements one.Shape {}");
        write("src/main/java/one/Compares.java", COMPARES_ARRAYS);
        assertThat(faults()).singleElement().asString().contains("[ArrayEquals]");
    }

    @Test
    void whatDoesNotCompileIsAFault() throws Exception {
        write("src/main/java/one/Wrong.java", "package one; class Wrong extends Nobody {}");
        assertThat(faults()).singleElement().asString().contains("Wrong.java", "cannot find symbol");
    }
}
