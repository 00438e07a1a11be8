package io.tokenwise;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BackendChoice.Kind;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process whose address space is limited while it runs: what needs more memory says so in one line, and all else goes on. Not in every build: when a call has taken what there is, the JVM may be
 * refused what it needs itself, and dies.
 */
@EnabledIfSystemProperty(named = "tokenwise.long", matches = "true")
class MemoryRefusedTest {
    private static final Path PRLIMIT = Path.of("/usr/bin/prlimit");

    static boolean hasPrlimit() {
        return Files.isExecutable(PRLIMIT);
    }

    @Test
    @EnabledIf(value = "hasPrlimit", disabledReason = "no /usr/bin/prlimit")
    void aCallThatGetsNoMemorySaysSoAndTheNextOneGoesOn(@TempDir Path folder) throws Exception {
        TestModels.writeSmall(folder.resolve("model"));
        // A heap that is all there, and little that compiles: the JVM itself must not be what is refused.
        Process child = ChildJvm.of(
                        List.of("-Xms128m", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),
                        Child.class,
                        folder.resolve("model").toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String output = new String(child.getInputStream().readAllBytes(), UTF_8);
        assertThat(child.waitFor()).as(output).isZero();
        assertThat(output.lines().toList())
                .satisfiesExactly(
                        call -> assertThat(call).matches("workspace: the system refuses \\d+ bytes of native memory"),
                        opening -> assertThat(opening).matches("minilm: no \\d+ bytes of native memory"),
                        end -> assertThat(end).isEqualTo("the same again"));
    }

    /** The process. */
    static final class Child {
        /** Less than a batch of many texts needs, and more than the JVM asks for meanwhile. */
        private static final long ROOM = 32L << 20;

        private static final List<String> TEXTS = Collections.nCopies(2_000, "word ".repeat(30));

        private Child() {}

        public static void main(String[] args) throws Exception {
            var options = new EngineOptions(1, 65_536, 1, new BackendChoice(Kind.VECTOR, Precision.F32), false);
            try (TextEncoder encoder = TextEncoder.open(args[0], options)) {
                float[] expected = encoder.embed(TEXTS.getFirst()).vector();
                limit(Long.toString(size() + ROOM));
                try {
                    encoder.embed(EmbedRequest.of(TEXTS));
                } catch (IllegalStateException e) {
                    System.out.println(e.getMessage());
                }
                try {
                    TextEncoder.open("minilm", options).close();
                } catch (RuntimeException | OutOfMemoryError e) {
                    System.out.println("minilm: " + e.getMessage());
                }
                boolean same =
                        Arrays.equals(expected, encoder.embed(TEXTS.getFirst()).vector());
                limit("unlimited");
                for (Embedding one : encoder.embed(EmbedRequest.of(TEXTS))) {
                    same &= Arrays.equals(expected, one.vector());
                }
                System.out.println(same ? "the same again" : "other vectors");
            }
        }

        /** Not the hard limit, which nobody may raise again. */
        private static void limit(String bytes) throws IOException, InterruptedException {
            int code = new ProcessBuilder(
                            PRLIMIT.toString(),
                            "--pid",
                            Long.toString(ProcessHandle.current().pid()),
                            "--as=" + bytes + ":")
                    .inheritIO()
                    .start()
                    .waitFor();
            if (code != 0) {
                throw new IOException("prlimit: " + code);
            }
        }

        private static long size() throws IOException {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith("VmSize:"))
                    .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .findFirst()
                    .orElseThrow();
        }
    }
}
