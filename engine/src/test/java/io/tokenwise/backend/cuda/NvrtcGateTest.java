package io.tokenwise.backend.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
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
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * NVIDIA's compiler at run time takes the text of every file as a user's machine would give it, without nvcc and any header. It says nothing of what kernels
 * compute.
 */
class NvrtcGateTest {
    private static final String LIBRARY = "libnvrtc.so.12";

    /** What NVRTC 12.4 knows of the compile gate's. */
    private static final List<String> ARCHITECTURES = List.of("sm_80", "sm_90");

    /** A file and what it is compiled for. */
    private record Compilation(String file, String target) {
        @Override
        public String toString() {
            return file + ".cu " + target;
        }
    }

    /** In a process of its own: this one has the simulated NVRTC. Arguments: a file, a target, and so on. */
    static final class Compiling {
        private Compiling() {}

        public static void main(String[] arguments) throws CudaUnavailableException {
            Nvrtc nvrtc = Nvrtc.open();
            IntStream.range(0, arguments.length / 2)
                    .parallel()
                    .mapToObj(i -> compile(nvrtc, new Compilation(arguments[2 * i], arguments[2 * i + 1])))
                    .forEach(System.out::println);
        }

        /** One line: what came of it. */
        private static String compile(Nvrtc nvrtc, Compilation compilation) {
            String name = compilation.file + ".cu";
            try {
                byte[] cubin = nvrtc.compile(
                        KernelSources.text(compilation.file), name, compilation.target, CudaKernels.OPTIONS);
                boolean elf = cubin.length > 4 && new String(cubin, 1, 3, UTF_8).equals("ELF");
                return elf ? compilation.toString() : compilation + " is no cubin";
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
        // Its file's name has the whole version.
        var compiledBefore = new CompiledBefore(
                library.get().toRealPath().getFileName() + " " + String.join(" ", CudaKernels.OPTIONS));
        List<Compilation> compilations = KernelSources.FILES.stream()
                .flatMap(file -> compiledBefore.left(file, CompileGateTest.targets(file, ARCHITECTURES)).stream()
                        .map(target -> new Compilation(file, target)))
                .toList();
        assumeFalse(compilations.isEmpty(), "this NVRTC has compiled all of these texts");
        Process child = ChildJvm.of(
                        List.of("-Dtokenwise.cuda.nvrtc=" + library.get()),
                        Compiling.class,
                        compilations.stream()
                                .flatMap(each -> Stream.of(each.file, each.target))
                                .toArray(String[]::new))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        List<String> lines =
                new String(child.getInputStream().readAllBytes(), UTF_8).lines().toList();
        assertThat(child.waitFor()).as("%s", lines).isZero();
        assertThat(lines)
                .containsExactlyInAnyOrderElementsOf(
                        compilations.stream().map(Compilation::toString).toList());
        compilations.forEach(each -> compiledBefore.passed(each.file, each.target));
    }
}
