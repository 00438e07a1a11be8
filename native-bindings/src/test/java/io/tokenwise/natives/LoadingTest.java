package io.tokenwise.natives;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where the library is looked for and what is said when it does not serve. A process loads one, so each case has its own JVM. */
class LoadingTest {
    private static final String JAR = "dnnl-";

    @TempDir
    Path folder;

    /** What the other JVM does: opens the library and tells about it and about one product of integers. */
    static final class Probe {
        private Probe() {}

        public static void main(String[] arguments) {
            try (OneDnn oneDnn = OneDnn.open()) {
                System.out.println("opened " + oneDnn.version() + " " + oneDnn.isa() + " from " + oneDnn.location());
                System.out.println("exact with small weights: " + exact(oneDnn, 64));
                System.out.println("exact with weights above them: " + exact(oneDnn, 65));
                System.out.println("exact with large weights: " + exact(oneDnn, 127));
            } catch (OneDnnUnavailableException | RuntimeException e) {
                System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
            }
        }

        private static String exact(OneDnn oneDnn, int largest) {
            ProductSpec spec = ProductSpec.of(384, 96, DataType.U8, DataType.S8, DataType.S32);
            int rows = 19;
            try (Arena arena = Arena.ofConfined()) {
                Random random = new Random(3);
                MemorySegment a = Matrices.allocate(arena, spec.aBytes(rows)).fill((byte) 255);
                MemorySegment b = Matrices.allocate(arena, spec.bBytes());
                for (long i = 0; i < spec.bBytes(); i++) {
                    b.set(ValueLayout.JAVA_BYTE, i, (byte) (random.nextInt(4) == 0 ? -largest : largest));
                }
                MemorySegment c = Matrices.allocate(arena, spec.cBytes(rows));
                Product product = oneDnn.product(spec);
                try (Weights weights = product.pack(b, Matrices.allocate(arena, product.packedBytes()));
                        Binding binding = oneDnn.bind(a, c, Matrices.allocate(arena, product.scratchBytes(rows)))) {
                    binding.run(weights, rows);
                }
                double[] expected = Matrices.product(
                        spec,
                        rows,
                        Matrices.doubles(a, spec.a(), rows * spec.k()),
                        Matrices.doubles(b, spec.b(), spec.k() * spec.n()),
                        null);
                return String.valueOf(Arrays.equals(expected, Matrices.doubles(c, spec.c(), rows * spec.n())));
            } catch (IllegalArgumentException e) {
                return e.getMessage();
            }
        }
    }

    @Test
    void theJarIsFoundAndLeavesNoFiles() throws Exception {
        Matrices.library().close();
        assertThat(probe(true, "-Djava.io.tmpdir=" + folder))
                .contains("opened 3.")
                .contains("tokenwise-onednn-");
        try (var left = Files.list(folder)) {
            assertThat(left.map(Path::getFileName).map(Path::toString)).noneMatch(name -> name.startsWith("tokenwise"));
        }
    }

    @Test
    void theUnpackedLibraryIsKeptInACacheFolderAndReplacedWhenDamaged() throws Exception {
        Matrices.library().close();
        Path cache = folder.resolve("cache");
        String property = "-Dtokenwise.cache=" + cache;
        assertThat(probe(true, property)).contains("from " + cache);
        Path kept;
        try (var found = Files.walk(cache)) {
            kept = found.filter(file -> file.endsWith("libdnnl.so.3"))
                    .findFirst()
                    .orElseThrow();
        }
        FileTime first = Files.getLastModifiedTime(kept);
        assertThat(probe(true, property)).contains("from " + kept);
        assertThat(Files.getLastModifiedTime(kept)).isEqualTo(first);
        byte[] damaged = Arrays.copyOf(Files.readAllBytes(kept), 1 << 20);
        Files.write(kept, damaged);
        assertThat(probe(true, property)).contains("from " + kept).contains("exact with small weights: true");
        assertThat(Files.size(kept)).isGreaterThan(damaged.length);
    }

    @Test
    void anAbsentFileIsNamed() throws Exception {
        assertThat(library(folder.resolve("libabsent.so")))
                .startsWith("OneDnnUnavailableException: oneDNN is not available: ")
                .contains("libabsent.so: there is no such file");
        assertThat(library(Path.of("libdnnl.so"))).contains("the path must be absolute");
    }

    @Test
    void aFileThatIsNoLibraryIsRefused() throws Exception {
        Path text = Files.writeString(folder.resolve("libdnnl.so.3"), "this is no library\n".repeat(999));
        assertThat(library(text))
                .startsWith("OneDnnUnavailableException")
                .contains("libdnnl.so.3")
                .contains(": invalid ELF header");
    }

    @Test
    void anotherLibraryIsToldByItsMissingSymbol() throws Exception {
        Path other = folder.resolve("libgomp.so.1");
        try (InputStream in =
                getClass().getClassLoader().getResourceAsStream("org/bytedeco/dnnl/linux-x86_64/libgomp.so.1")) {
            assumeTrue(
                    in != null && System.getProperty("os.arch").equals("amd64"),
                    "no libgomp in the class path for this system");
            Files.copy(in, other);
        }
        assertThat(library(other)).startsWith("OneDnnUnavailableException").contains("no symbol dnnl_version");
    }

    @Test
    void withoutTheJarEachPlaceIsNamedOrTheSystemServes() throws Exception {
        assertThat(probe(false))
                .satisfiesAnyOf(
                        line -> assertThat(line)
                                .contains("org.bytedeco:dnnl (linux-x86_64): not on the class path; system: ")
                                .contains("-Dtokenwise.onednn.library=FILE"),
                        line -> assertThat(line).contains("opened 3."));
    }

    @Test
    void instructionsAreCappedAndIntegersStayExact() throws Exception {
        Isa here;
        try (OneDnn oneDnn = Matrices.library()) {
            here = oneDnn.isa();
        }
        for (Isa cap : List.of(Isa.AVX2, Isa.AVX512_CORE, Isa.AVX512_CORE_VNNI)) {
            assumeTrue(here.includes(cap), "this processor has no " + cap);
            String told = probe(true, "-Dtokenwise.onednn.isa=" + cap.name().toLowerCase(java.util.Locale.ROOT));
            assertThat(told).contains(" " + cap + " from ").contains("exact with small weights: true");
            assertThat(told)
                    .contains(cap.hasInt8() ? "exact with weights above them: true" : "65 is too large for " + cap)
                    .contains(cap.hasInt8() ? "exact with large weights: true" : "127 is too large for " + cap);
        }
    }

    @Test
    void anUnknownCapIsRefused() throws Exception {
        Matrices.library().close();
        assertThat(probe(true, "-Dtokenwise.onednn.isa=AVX3"))
                .startsWith("IllegalArgumentException: -Dtokenwise.onednn.isa: no instruction set is called 'AVX3'")
                .contains("AVX512_CORE_VNNI");
    }

    private static String library(Path file) throws IOException, InterruptedException {
        return probe(true, "-D" + OneDnnLibrary.LIBRARY_PROPERTY + "=" + file);
    }

    private static String probe(boolean withJar, String... flags) throws IOException, InterruptedException {
        String classPath = Arrays.stream(System.getProperty("java.class.path").split(java.io.File.pathSeparator))
                .filter(entry ->
                        withJar || !Path.of(entry).getFileName().toString().startsWith(JAR))
                .collect(Collectors.joining(java.io.File.pathSeparator));
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED"));
        command.addAll(List.of(flags));
        command.addAll(List.of("-cp", classPath, Probe.class.getName()));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }
}
