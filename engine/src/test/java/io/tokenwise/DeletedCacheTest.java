package io.tokenwise;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BackendChoice.Kind;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The cache folder is deleted again and again by somebody else: models that are open, and oneDNN, which was loaded from there, go on, and what opens meanwhile reads the jar. */
class DeletedCacheTest {
    private static final int OPENINGS = 3;

    @Test
    @Timeout(300)
    @EnabledOnOs(value = OS.LINUX, architectures = "amd64", disabledReason = "oneDNN's jar is for Linux on x86-64")
    void whoHasOpenedAndWhoOpensGoOn(@TempDir Path folder) throws Exception {
        Path cache = folder.resolve("cache");
        Process child = ChildJvm.of(List.of("-Xmx256m", "-Dtokenwise.cache=" + cache), Child.class, cache.toString())
                .redirectError(folder.resolve("err").toFile())
                .start();
        String output = new String(child.getInputStream().readAllBytes(), UTF_8);
        assertThat(child.waitFor())
                .as(output + Files.readString(folder.resolve("err")))
                .isZero();
        assertThat(output.lines())
                .as("whether oneDNN was unpacked there, and what vectors were")
                .containsExactly("true", "the same again");
        assertThat(cache)
                .as("the last one to open finds it empty, and fills it")
                .isDirectoryContaining("glob:**/minilm-*");
    }

    /** The process. */
    static final class Child {
        private static final EngineOptions OPTIONS =
                new EngineOptions(1, 256, 2, new BackendChoice(Kind.ONEDNN, Precision.F32), false);

        private final Path cache;
        private final AtomicBoolean ended = new AtomicBoolean();

        private Child(Path cache) {
            this.cache = cache;
        }

        public static void main(String[] args) throws Exception {
            System.out.println(new Child(Path.of(args[0])).run() ? "the same again" : "other vectors");
        }

        private static TextEncoder open() {
            try {
                return TextEncoder.open("minilm", OPTIONS);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private boolean run() throws IOException, InterruptedException {
            open().close();
            try (Stream<Path> kept = Files.list(cache)) {
                System.out.println(
                        kept.anyMatch(path -> path.getFileName().toString().startsWith("onednn-")));
            }
            boolean same = true;
            // Its weights are in the folder now.
            try (TextEncoder encoder = open()) {
                float[] expected = vector(encoder);
                Thread deleting = Thread.ofPlatform().start(this::deleteAgainAndAgain);
                for (int i = 0; i < OPENINGS; i++) {
                    try (TextEncoder another = open()) {
                        same &= Arrays.equals(expected, vector(another)) && Arrays.equals(expected, vector(encoder));
                    }
                }
                ended.set(true);
                deleting.join();
                same &= Arrays.equals(expected, vector(encoder));
                try (TextEncoder another = open()) {
                    same &= Arrays.equals(expected, vector(another));
                }
            }
            return same;
        }

        private static float[] vector(TextEncoder encoder) {
            return encoder.embed("a text").vector();
        }

        private void deleteAgainAndAgain() {
            while (!ended.get()) {
                delete();
                LockSupport.parkNanos(5_000_000);
            }
        }

        /** As rm -r does it: what comes or goes meanwhile is left for the next time. */
        private void delete() {
            try (Stream<Path> all = Files.walk(cache)) {
                for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(path);
                }
            } catch (IOException | UncheckedIOException _) {
                // Just being filled.
            }
        }
    }
}
