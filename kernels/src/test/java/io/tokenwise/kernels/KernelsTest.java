package io.tokenwise.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How a set is chosen, seen from JVMs started for the purpose. */
class KernelsTest {
    private static final String VECTORS = "--add-modules=jdk.incubator.vector";

    /** Chooses kernels and multiplies 2 by 3 with them. */
    public static final class Probe {
        private Probe() {}

        public static void main(String[] arguments) {
            try {
                Kernels kernels = Kernels.choose();
                GemmCall call = new GemmCall();
                call.m = call.n = call.k = call.aStride = call.cStride = 1;
                call.a = KernelTest.floats(new double[] {2});
                call.c = KernelTest.zeros(1);
                call.packedB = KernelTest.zeros(kernels.gemm().packedFloats(1, 1));
                kernels.gemm().pack(KernelTest.floats(new double[] {3}), 1, false, 1, 1, call.packedB, 0, 1);
                kernels.gemm().multiply(call, 0, 1, 0, 1, new Scratch());
                System.out.println(call.c.get(0) + " by " + kernels.name() + ": " + kernels.why());
            } catch (IllegalArgumentException | IllegalStateException e) {
                System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
            }
        }
    }

    private static String probe(String... options) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Probe.class.getName()));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output.strip();
    }

    @Test
    void withoutTheModuleTheScalarSetWorks() throws Exception {
        assertThat(probe())
                .isEqualTo("6.0 by scalar: module jdk.incubator.vector is not readable:"
                        + " start the JVM with --add-modules jdk.incubator.vector");
    }

    @Test
    void withTheModuleVectorsAreUsed() throws Exception {
        assertThat(probe(VECTORS)).startsWith("6.0 by vector-").contains("bits are the widest here");
        assertThat(probe(VECTORS, "-Dtokenwise.vector.bits=128"))
                .startsWith("6.0 by vector-128: ")
                .contains("forced by tokenwise.vector.bits");
    }

    @Test
    void withoutTheOptimizingCompilerTheScalarSetIsUsed() throws Exception {
        assertThat(probe(VECTORS, "-Xint")).startsWith("6.0 by scalar: the JVM runs without its optimizing compiler");
        assertThat(probe(VECTORS, "-XX:TieredStopAtLevel=1"))
                .startsWith("6.0 by scalar: the JVM runs without its optimizing compiler");
    }

    @Test
    void aSetCanBeForced() throws Exception {
        assertThat(probe(VECTORS, "-Dtokenwise.kernels=scalar"))
                .isEqualTo("6.0 by scalar: forced by tokenwise.kernels");
        assertThat(probe(VECTORS, "-Xint", "-Dtokenwise.kernels=vector")).startsWith("6.0 by vector-");
    }

    @Test
    void whatCannotBeForcedIsSaidInOneLine() throws Exception {
        assertThat(probe("-Dtokenwise.kernels=vector"))
                .startsWith(
                        "IllegalStateException: tokenwise.kernels=vector: module jdk.incubator.vector is not readable");
        assertThat(probe("-Dtokenwise.kernels=fast"))
                .isEqualTo("IllegalArgumentException: tokenwise.kernels=fast: must be scalar or vector");
        assertThat(probe(VECTORS, "-Dtokenwise.vector.bits=384"))
                .isEqualTo("IllegalArgumentException: tokenwise.vector.bits=384: must be 128, 256 or 512");
        assertThat(probe(VECTORS, "-XX:UseAVX=0", "-Dtokenwise.vector.bits=512"))
                .isEqualTo(
                        "IllegalStateException: tokenwise.vector.bits=512: this CPU's vectors have at most 128 bits");
    }
}
