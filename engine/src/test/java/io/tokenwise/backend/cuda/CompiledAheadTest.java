package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.Precision;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.natives.cuda.Cuda;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.natives.cuda.Nvrtc;
import io.tokenwise.natives.cuda.NvrtcException;
import io.tokenwise.op.Activations;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What was compiled before serves without the compiler, on the simulated device; what is damaged is compiled anew. */
class CompiledAheadTest {
    /** NVRTC's code of an error in a source. */
    private static final int COMPILATION = 6;

    @TempDir
    Path cache;

    private FakeControls controls;

    @BeforeEach
    void start() {
        controls = FakeDevice.start();
        System.setProperty("tokenwise.cache", cache.toString());
    }

    @AfterEach
    void end() {
        System.clearProperty("tokenwise.cache");
    }

    private void compile() throws IOException, CudaUnavailableException {
        Nvrtc nvrtc = Nvrtc.open();
        CompiledAhead.write(
                cache,
                "sm_90",
                (name, architecture, source) ->
                        nvrtc.compile(source, name + ".cu", architecture, List.of("--std=c++17")));
    }

    private static void gelu(CudaBackend device) {
        try (Arena arena = Arena.ofShared()) {
            Tensor x = device.allocate(arena, 1, 5);
            var stream = device.stream();
            Activations.gelu(stream, x, x);
            try (HostTensor values = stream.read(x)) {
                assertThat(values.get(4)).isZero();
            }
        }
    }

    @Test
    void compilerIsNotAsked() throws IOException, CudaUnavailableException {
        compile();
        controls.failCompile(COMPILATION);
        try (CudaBackend device = CudaBackend.open(Precision.F32)) {
            assertThat(device.kernels()).isEqualTo("kernels compiled ahead for sm_90");
            gelu(device);
        }
    }

    @Test
    void productsByWgmmaAreAmongThem() throws IOException, CudaUnavailableException {
        compile();
        controls.failCompile(COMPILATION);
        try (Cuda cuda = Cuda.open()) {
            assertThat(new CudaKernels(cuda, true).function("linearS8Wgmma")).isNotNull();
        }
    }

    @Test
    void compilerIsAskedWithoutOneOfThem() throws IOException, CudaUnavailableException {
        compile();
        Files.delete(file("values"));
        controls.failCompile(COMPILATION);
        try (CudaBackend device = CudaBackend.open(Precision.F32)) {
            assertThat(device.kernels()).startsWith("NVRTC ");
            assertThatThrownBy(() -> gelu(device)).isInstanceOf(NvrtcException.class);
        }
    }

    @Test
    void damagedFileIsCompiledAnew() throws IOException, CudaUnavailableException {
        compile();
        Files.writeString(file("values"), "no cubin");
        try (CudaBackend device = CudaBackend.open(Precision.F32)) {
            gelu(device);
            assertThat(device.kernels()).startsWith("NVRTC ");
        }
    }

    private Path file(String name) throws IOException {
        try (Stream<Path> files = Files.list(cache)) {
            return files.filter(file -> file.getFileName().toString().startsWith("cuda-" + name + "-sm_90-"))
                    .findFirst()
                    .orElseThrow();
        }
    }
}
