package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.backend.cuda.CompiledAhead;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.natives.cuda.Nvrtc;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The folder for a card, made and run whole on the simulated device: from another directory, without a JDK on the path and without NVRTC. All parts run, all
 * checks hold, and no speed is among the figures.
 */
class CudaFolderTest {
    /** What such a run has: every part of it, and no peers. */
    private static final int TABLES = 8;

    @TempDir
    Path temporary;

    @Test
    void runsWholeOnTheSimulatedDevice() throws IOException, InterruptedException, CudaUnavailableException {
        Path library = FakeCard.library();
        Path folder = temporary.resolve("folder");
        make(folder, library);
        assertThat(bytes(folder)).isLessThan(CudaFolder.MOST_BYTES);

        Path results = temporary.resolve("results");
        Path elsewhere = Files.createDirectory(temporary.resolve("elsewhere"));
        Path log = temporary.resolve("log");
        var process = new ProcessBuilder(folder.resolve("run").toString(), "--quick", "--keep")
                .directory(elsewhere.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        process.environment().clear();
        process.environment()
                .putAll(Map.of(
                        "PATH",
                        "/usr/bin:/bin",
                        "JAVA_HOME",
                        "/nowhere",
                        "OUT",
                        results.toString(),
                        "TOKENWISE_FAKE_CUDA",
                        "test",
                        "TOKENWISE_JAVA_OPTS",
                        "-Dtokenwise.cuda.driver=" + library + " -Dtokenwise.cuda.nvrtc=/nowhere/libnvrtc.so"));
        assertThat(process.start().waitFor()).as(Files.readString(log)).isZero();
        assertThat(elsewhere).isEmptyDirectory();
        assertThat(fileNames(results)).containsExactly("cuda.html", "cuda.json", "cuda.log", "cuda.txt");
        assertThat(fileNames(folder.resolve("cache")))
                .filteredOn(name -> name.startsWith("cublaslt-tokenwise-fake-"))
                .hasSize(1);
        checkResults(JsonMapper.builder().build().readTree(Files.readString(results.resolve("cuda.json"))));
        String page = Files.readString(results.resolve("cuda.html"));
        assertThat(page).contains("<title>SIMULATED: ", "<th>SIMULATED: tokens/s</th>");
        assertThat(Files.readString(results.resolve("cuda.txt")))
                .startsWith("SIMULATED: ")
                .contains("checks hold");
    }

    /** With kernels for the simulated device, as nvcc makes them for a card. */
    private static void make(Path folder, Path library) throws IOException, CudaUnavailableException {
        System.setProperty("tokenwise.cuda.nvrtc", library.toString());
        try {
            Nvrtc nvrtc = Nvrtc.open();
            CompiledAhead.Compiler compiler = (name, architecture, source) ->
                    nvrtc.compile(source, name + ".cu", architecture, List.of("--std=c++17"));
            CudaFolder.make(folder, true, Optional.of(compiler), new PrintWriter(new StringWriter()));
        } finally {
            System.clearProperty("tokenwise.cuda.nvrtc");
        }
    }

    private static void checkResults(JsonNode json) {
        assertThat(json.get("simulated").asBoolean()).isTrue();
        assertThat(json.get("machine").toString()).contains("kernels compiled ahead for sm_90");
        assertThat(json.get("failures").isEmpty()).isTrue();
        assertThat(json.get("checks").size()).isGreaterThan(70);
        json.get("checks")
                .forEach(check -> assertThat(check.get("holds").asBoolean())
                        .as(check.toString())
                        .isTrue());
        assertThat(json.get("tables").size()).isEqualTo(TABLES);
        int values = 0;
        for (JsonNode table : json.get("tables")) {
            for (JsonNode row : table.get("rows")) {
                for (int i = 0; i < row.size(); i++) {
                    boolean speed = table.get("columns").get(i).get("speed").asBoolean();
                    assertThat(row.get(i).isNull()).as(table.toString()).isEqualTo(speed);
                    values++;
                }
            }
        }
        assertThat(values).isGreaterThan(80);
    }

    private static long bytes(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }

    private static List<String> fileNames(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
