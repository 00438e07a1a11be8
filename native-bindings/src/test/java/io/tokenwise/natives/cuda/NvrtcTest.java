package io.tokenwise.natives.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** NVIDIA's own compiler, without a device. */
class NvrtcTest {
    private static final List<String> OPTIONS = List.of("--std=c++17");
    private static final String KERNEL = """
            extern "C" __global__ void __launch_bounds__(256) scale(float* __restrict__ y, const float* __restrict__ x, float by, int n) {
                int i = blockIdx.x * 256 + threadIdx.x;
                if (i < n) {
                    y[i] = erff(x[i]) * by;
                }
            }
            """;

    private Nvrtc nvrtc;

    @BeforeEach
    void open() throws CudaUnavailableException {
        System.setProperty(Nvrtc.PROPERTY, RealLibraries.file("libnvrtc.so.12").toString());
        nvrtc = Nvrtc.open();
    }

    @Test
    void aKernelBecomesACubinOrPtx() {
        assertThat(nvrtc.version()).isBetween(12000, 12999);
        assertThat(nvrtc.supportedArchitectures()).contains(80, 90);
        assertThat(text(nvrtc.compile(KERNEL, "scale.cu", "sm_90a", OPTIONS)))
                .startsWith("\177ELF")
                .contains("scale");
        assertThat(text(nvrtc.compile(KERNEL, "scale.cu", "compute_80", OPTIONS)))
                .contains(".target sm_80")
                .contains(".entry scale(");
    }

    @Test
    void platformAndVirtualThreadsCompile() throws Exception {
        for (Executor executor : List.<Executor>of(
                task -> Thread.ofPlatform().start(task),
                task -> Thread.ofVirtual().start(task))) {
            byte[] cubin = CompletableFuture.supplyAsync(
                            () -> nvrtc.compile(KERNEL, "scale.cu", "sm_90", OPTIONS), executor)
                    .get(60, TimeUnit.SECONDS);
            assertThat(text(cubin)).startsWith("\177ELF");
        }
    }

    @Test
    void anErrorNamesTheLineAndKeepsTheLog() {
        assertThatExceptionOfType(NvrtcException.class)
                .isThrownBy(() -> nvrtc.compile("__global__ void f() {\n  int x = y;\n}\n", "f.cu", "sm_90", OPTIONS))
                .withMessage(
                        "NVRTC: compile f.cu for sm_90: NVRTC_ERROR_COMPILATION (6): f.cu(2): error: identifier \"y\" is undefined")
                .satisfies(e -> assertThat(e.log()).contains("1 error detected"));
        assertThatExceptionOfType(NvrtcException.class)
                .isThrownBy(() -> nvrtc.compile(KERNEL, "scale.cu", "sm_90", List.of("--no-such-option")))
                .withMessageContaining("NVRTC_ERROR_INVALID_OPTION")
                .withMessageContaining("no-such-option");
        assertThatExceptionOfType(NvrtcException.class)
                .isThrownBy(() -> nvrtc.compile(KERNEL, "scale.cu", "sm_30", OPTIONS))
                .withMessageContaining("invalid value for --gpu-architecture");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> nvrtc.compile(KERNEL, "scale.cu", "9.0", OPTIONS))
                .withMessage("compile scale.cu: '9.0' is no architecture; sm_90 is one");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> nvrtc.compile(KERNEL + "\0", "scale.cu", "sm_90", OPTIONS));
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
