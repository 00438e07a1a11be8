package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * NVIDIA's compiler takes every kernel for each architecture, and none of them keeps values in memory for want of registers or takes more registers than
 * so many blocks as its launch bounds promise would have. It says nothing of what kernels compute.
 */
class CompileGateTest {
    private static final Path FOLDER = Path.of("src/main/resources/io/tokenwise/backend/cuda");
    private static final String PRELUDE = "prelude.cu";
    private static final List<String> TARGETS = List.of("sm_80", "sm_90", "sm_90a", "sm_100");

    /** Registers of a multiprocessor of each of these architectures. */
    private static final int REGISTERS = 65_536;

    /** Shared memory that a kernel may have without being asked for. */
    private static final int SHARED_BYTES = 48 * 1024;

    /** A kernel with its threads, the blocks of a multiprocessor that it intends, and its name. */
    private static final Pattern ENTRY = Pattern.compile(
            "extern \"C\" __global__ void (?:__launch_bounds__\\((\\w+)(?:, (\\d+))?\\)\\s+)?(\\w+)\\(");

    private static final Pattern THREADS = Pattern.compile("#define (\\w+_THREADS) (\\d+)");

    /** What the assembler says of one kernel for one target. */
    private static final Pattern REPORT = Pattern.compile(
            "Compiling entry function '(\\w+)' for '(\\w+)'.*?"
                    + "(\\d+) bytes spill stores, (\\d+) bytes spill loads.*?Used (\\d+) registers([^\\n]*)",
            Pattern.DOTALL);

    private static final Pattern SHARED = Pattern.compile("(\\d+) bytes smem");

    @TempDir
    Path folder;

    @BeforeAll
    static void findCompiler() throws InterruptedException {
        try {
            new ProcessBuilder("nvcc", "--version")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        } catch (IOException e) {
            abort("there is no nvcc here");
        }
    }

    static List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".cu") && !name.equals(PRELUDE))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void compilesWithoutSpills(String file) throws IOException, InterruptedException {
        String prelude = Files.readString(FOLDER.resolve(PRELUDE));
        String text = Files.readString(FOLDER.resolve(file));
        Map<String, Integer> registers = registersAllowed(prelude, text);
        var reported = new TreeMap<String, Integer>();
        var report = REPORT.matcher(compile(prelude + text));
        while (report.find()) {
            String kernel = report.group(1);
            String place = kernel + " for " + report.group(2);
            assertThat(report.group(3) + report.group(4))
                    .as("bytes spilled by %s", place)
                    .isEqualTo("00");
            assertThat(Integer.parseInt(report.group(5)))
                    .as("registers of %s", place)
                    .isLessThanOrEqualTo(registers.getOrDefault(kernel, 0));
            var shared = SHARED.matcher(report.group(6));
            assertThat(shared.find() ? Integer.parseInt(shared.group(1)) : 0)
                    .as("static shared bytes of %s", place)
                    .isLessThanOrEqualTo(SHARED_BYTES);
            reported.merge(kernel, 1, Integer::sum);
        }
        assertThat(reported.keySet()).as("kernels of %s", file).isEqualTo(registers.keySet());
        assertThat(reported.values()).as("targets of each kernel").containsOnly(TARGETS.size());
    }

    /** For each kernel the registers that a thread may have, as its launch bounds say. */
    private static Map<String, Integer> registersAllowed(String prelude, String text) {
        var constants = new TreeMap<String, String>();
        THREADS.matcher(prelude + text).results().forEach(found -> constants.put(found.group(1), found.group(2)));
        var allowed = new TreeMap<String, Integer>();
        var entry = ENTRY.matcher(text);
        while (entry.find()) {
            assertThat(entry.group(1)).as("launch bounds of %s", entry.group(3)).isNotNull();
            int threads = Integer.parseInt(constants.getOrDefault(entry.group(1), entry.group(1)));
            int blocks = entry.group(2) == null ? 1 : Integer.parseInt(entry.group(2));
            allowed.put(entry.group(3), REGISTERS / (threads * blocks));
        }
        return allowed;
    }

    /** What nvcc prints. */
    private String compile(String text) throws IOException, InterruptedException {
        Path source = Files.writeString(folder.resolve("kernels.cu"), text);
        Path printed = folder.resolve("printed");
        // A text without anything that only 90a has is the same for 90 and 90a up to the assembler.
        Process nvcc = new ProcessBuilder(
                        "nvcc",
                        "-fatbin",
                        "-std=c++17",
                        "-gencode=arch=compute_80,code=sm_80",
                        "-gencode=arch=compute_90,code=[sm_90,sm_90a]",
                        "-gencode=arch=compute_100,code=sm_100",
                        "-Xptxas=-v",
                        "-o",
                        folder.resolve("kernels.fatbin").toString(),
                        source.toString())
                .redirectErrorStream(true)
                .redirectOutput(printed.toFile())
                .start();
        int code = nvcc.waitFor();
        String output = Files.readString(printed);
        assertThat(code).as(output).isZero();
        return output;
    }
}
