package io.tokenwise.fakecuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** launch.h, with which kernels are tested in C++ without the driver. */
class HarnessTest {
    @Test
    void aProgramRunsKernelsAndEndsAtTheFirstMistake(@TempDir Path folder) throws Exception {
        try {
            Compiler.find();
        } catch (FakeCudaUnavailableException e) {
            Assumptions.abort(e.getMessage());
        }
        var program = folder.resolve("harness").toString();
        var compiled = run(List.of(
                "g++",
                "-std=c++17",
                "-O2",
                "-w",
                "-fno-strict-aliasing",
                "-I" + folderOf(FakeCuda.class, "shim.h"),
                folderOf(HarnessTest.class, "harness.cpp")
                        .resolve("harness.cpp")
                        .toString(),
                "-o",
                program));
        assertThat(compiled.text).isEmpty();
        var ran = run(List.of(program));
        assertThat(ran.code).isEqualTo(1);
        assertThat(ran.text).startsWith("error 700: kernel twice, block (0, 0, 0), thread (12, 0, 0)");
    }

    private static Path folderOf(Class<?> owner, String resource) throws URISyntaxException {
        return Path.of(owner.getResource(resource).toURI()).getParent();
    }

    private record Outcome(int code, String text) {}

    private static Outcome run(List<String> command) throws IOException, InterruptedException {
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), text);
    }
}
