package io.tokenwise;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.model.Encoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What a warm forward allocates: nothing on the heap, and natively no more than it holds. */
class SessionsMemoryTest {
    /** As services run them: what is inlined allocates no more than what is not, which the next test asks each time. {@code ./tokenwise test engine -Dtest=SessionsMemoryTest -Dtokenwise.long=true}. */
    @Test
    @EnabledIfSystemProperty(named = "tokenwise.long", matches = "true")
    void warmForwardsAllocateNothingOnTheHeap(@TempDir Path directory) throws Exception {
        areClean(directory, List.of());
    }

    /** What C2 leaves out only where it inlines, it allocates for ever in some JVMs and never in others: here it inlines none of the engine. */
    @Test
    void warmForwardsThatAreNotInlinedAllocateNothingEither(@TempDir Path directory) throws Exception {
        var flags = new ArrayList<>(List.of("-XX:CompileCommand=quiet"));
        Path classes = Path.of(Encoder.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        try (Stream<Path> packages = Files.list(classes.resolve("io/tokenwise"))) {
            packages.filter(Files::isDirectory)
                    .map(folder -> "-XX:CompileCommand=dontinline,io.tokenwise." + folder.getFileName() + ".*::*")
                    .forEach(flags::add);
        }
        areClean(directory, flags);
    }

    /** In a JVM of its own, as a service has: what else a JVM has run decides how C2 compiles what is shared. */
    private static void areClean(Path directory, List<String> compiler) throws Exception {
        WarmForward.write(directory);
        // Small allocation buffers, so that one small object a forward fills enough of them to be named.
        var flags = new ArrayList<>(List.of("-XX:TLABSize=8k", "-XX:MinTLABSize=2k", "-XX:-ResizeTLAB"));
        flags.addAll(compiler);
        Process child = ChildJvm.of(flags, WarmForward.class, directory.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String output = new String(child.getInputStream().readAllBytes(), UTF_8);
        assertThat(child.waitFor()).isZero();
        assertThat(output).isEmpty();
    }

    /** Whole calls on texts of all lengths, tokenizer included. */
    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "reads /proc/self/status")
    void nativeMemoryIsFlatOverTenThousandCalls(@TempDir Path directory) throws IOException {
        Path small = directory.resolve("small");
        TestModels.writeSmall(small);
        var options = new EngineOptions(2, 64, 2, BackendChoice.FLOAT32, false);
        try (TextEncoder encoder = TextEncoder.open(small.toString(), options)) {
            call(encoder, 2_000);
            long held = encoder.model().sessions().workspaceBytes();
            // A leak of a single tensor or encoding a call would be more than that, whenever one looks; the heap and
            // the compiler may still grow once.
            long most = 24L << 20;
            long grown = most;
            for (int round = 0; round < 3 && grown >= most; round++) {
                long resident = residentBytes();
                call(encoder, 10_000);
                grown = residentBytes() - resident;
            }
            assertThat(encoder.model().sessions().workspaceBytes()).isEqualTo(held);
            assertThat(grown).isLessThan(most);
        }
    }

    private static void call(TextEncoder encoder, int calls) {
        var random = new SplittableRandom(1);
        for (int i = 0; i < calls; i++) {
            encoder.embed(List.of("word ".repeat(random.nextInt(50)), "two texts"));
        }
    }

    private static long residentBytes() throws IOException {
        System.gc();
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("[^0-9]", "")))
                .findFirst()
                .orElseThrow();
    }
}
