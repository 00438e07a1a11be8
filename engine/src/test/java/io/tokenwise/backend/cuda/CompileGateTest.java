package io.tokenwise.backend.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * NVIDIA's compiler takes every kernel for each architecture that it is for, and none of them keeps values in memory for want of registers, takes more registers than
 * so many blocks as its launch bounds promise would have, or has products by wgmma that wait for each other. It says nothing of what kernels compute.
 */
class CompileGateTest {
    private static final List<String> ARCHITECTURES = List.of("sm_80", "sm_90", "sm_100");

    private static final List<String> OPTIONS = List.of("-fatbin", "-std=c++17", "-Xptxas=-v");

    private static CompiledBefore compiledBefore;

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

    /** C7510 and C7514, with which the assembler says that it waits for each product by wgmma before the next one. */
    private static final String SERIALIZED = "serialized";

    private static final Pattern SHARED = Pattern.compile("(\\d+) bytes smem");

    @TempDir
    Path folder;

    @BeforeAll
    static void findCompiler() {
        try {
            Process nvcc = new ProcessBuilder("nvcc", "--version")
                    .redirectErrorStream(true)
                    .start();
            // The last line is the compiler's build.
            String version = new String(nvcc.getInputStream().readAllBytes(), UTF_8)
                    .lines()
                    .reduce("", (_, line) -> line);
            compiledBefore = new CompiledBefore("nvcc " + String.join(" ", OPTIONS) + " of " + version);
        } catch (IOException e) {
            abort("there is no nvcc here");
        }
    }

    static List<String> files() {
        return KernelSources.FILES;
    }

    /** What a file is compiled for on devices of these architectures. */
    static List<String> targets(String file, List<String> architectures) {
        return architectures.stream()
                .filter(architecture -> KernelSources.files(architecture).contains(file))
                .map(architecture -> KernelSources.target(file, architecture))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("files")
    void compilesWithoutSpills(String file) throws IOException, InterruptedException {
        String text = KernelSources.text(file);
        List<String> targets = compiledBefore.left(file, targets(file, ARCHITECTURES));
        assumeFalse(targets.isEmpty(), "this compiler has compiled this text");
        Map<String, Integer> registers = registersAllowed(text);
        var reported = new TreeMap<String, Integer>();
        String printed = compile(text, targets);
        assertThat(printed).doesNotContain(SERIALIZED);
        var report = REPORT.matcher(printed);
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
        assertThat(reported.values()).as("targets of each kernel").containsOnly(targets.size());
        targets.forEach(target -> compiledBefore.passed(file, target));
    }

    /** For each kernel the registers that a thread may have, as its launch bounds say. */
    private static Map<String, Integer> registersAllowed(String text) {
        var constants = new TreeMap<String, String>();
        THREADS.matcher(text).results().forEach(found -> constants.put(found.group(1), found.group(2)));
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
    private String compile(String text, List<String> targets) throws IOException, InterruptedException {
        Path source = Files.writeString(folder.resolve("kernels.cu"), text);
        Path printed = folder.resolve("printed");
        var command = new ArrayList<>(List.of("nvcc"));
        command.addAll(OPTIONS);
        for (String target : targets) {
            command.add("-gencode=arch=" + target.replace("sm_", "compute_") + ",code=" + target);
        }
        command.addAll(List.of("-o", folder.resolve("kernels.fatbin").toString(), source.toString()));
        Process nvcc = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(printed.toFile())
                .start();
        int code = nvcc.waitFor();
        String output = Files.readString(printed);
        assertThat(code).as(output).isZero();
        return output;
    }
}
