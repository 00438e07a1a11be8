package io.tokenwise.backend.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tokenwise.ChildJvm;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.natives.cuda.Nvrtc;
import io.tokenwise.natives.cuda.NvrtcException;
import io.tokenwise.testdata.CudaLibraries;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * NVIDIA's compiler at run time takes the text of every file as a user's machine would give it, without nvcc and any header. It says nothing of what kernels
 * compute.
 */
class NvrtcGateTest {
    private static final String LIBRARY = "libnvrtc.so.12";

    private static final String LONG = "tokenwise.long";

    /** What NVRTC 12.4 knows of the compile gate's. */
    private static final List<String> ARCHITECTURES = List.of("sm_80", "sm_90");

    /** Each file for the first of them that has it, which that gate leaves out then; with {@code -Dtokenwise.long=true} for all. */
    private static final int TARGETS = Boolean.getBoolean(LONG) ? ARCHITECTURES.size() : 1;

    private static Stream<String> targets(String file) {
        return CompileGateTest.targets(file, ARCHITECTURES).stream().limit(TARGETS);
    }

    /** In a process of its own: this one has the simulated NVRTC. */
    static final class Compiling {
        private Compiling() {}

        public static void main(String[] arguments) throws CudaUnavailableException {
            Nvrtc nvrtc = Nvrtc.open();
            KernelSources.FILES.parallelStream()
                    .flatMap(file -> targets(file).map(target -> compile(nvrtc, file, target)))
                    .forEach(System.out::println);
        }

        /** One line: what came of it. */
        private static String compile(Nvrtc nvrtc, String file, String target) {
            String name = file + ".cu";
            try {
                byte[] cubin = nvrtc.compile(KernelSources.text(file), name, target, CudaKernels.OPTIONS);
                boolean elf = cubin.length > 4 && new String(cubin, 1, 3, UTF_8).equals("ELF");
                return elf ? name + " " + target : name + " for " + target + " is no cubin";
            } catch (NvrtcException e) {
                return e.getMessage();
            }
        }
    }

    @Test
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void compilesAllKernels() throws IOException, InterruptedException {
        Optional<Path> library = CudaLibraries.find(LIBRARY);
        assumeTrue(library.isPresent(), () -> CudaLibraries.absence(LIBRARY));
        List<String> flags = List.of(
                "-Dtokenwise.cuda.nvrtc=" + library.orElseThrow(), "-D" + LONG + "=" + Boolean.getBoolean(LONG));
        Process child = ChildJvm.of(flags, Compiling.class)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        List<String> lines =
                new String(child.getInputStream().readAllBytes(), UTF_8).lines().toList();
        assertThat(child.waitFor()).as("%s", lines).isZero();
        assertThat(lines)
                .containsExactlyInAnyOrderElementsOf(KernelSources.FILES.stream()
                        .flatMap(file -> targets(file).map(target -> file + ".cu " + target))
                        .toList());
    }
}
