package io.tokenwise.choice;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.tokenwise.ChildJvm;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BackendChoice.Kind;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cuda.CudaBackend;
import io.tokenwise.backend.cuda.FakeDevice;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A CUDA device that cannot serve, by the simulated driver: backend cuda says why in one line, and auto goes on with the CPU. What is wrong with the driver's library
 * itself is in CudaLoadingTest of native-bindings.
 */
class UnfitDeviceTest {
    private static final String DEVICE = "tokenwise.cuda.device";
    private static final String REFUSED = "backend cuda: CUDA is not available: ";
    private static final String BROKEN = "a broken context";
    private static final String WITHOUT = "; backends vector and onednn work without";

    private FakeControls controls;
    private boolean isBroken;

    @BeforeEach
    void start() {
        controls = FakeDevice.start();
    }

    @AfterEach
    void nothingIsLeft() {
        System.clearProperty(DEVICE);
        assertThat(controls.counts().bytesLive()).isZero();
        assertThat(controls.counts().pinnedBytes()).isZero();
        // What is in a broken context goes with it.
        assertThat(isBroken || controls.leaks().isEmpty())
                .as("%s", controls.leaks())
                .isTrue();
    }

    static Stream<Arguments> whatIsWrong() {
        return Stream.of(
                wrong("no device", FakeControls::refuse, "the driver finds no device (CUDA_ERROR_NO_DEVICE, 100): "),
                wrong(
                        "too old a device",
                        controls -> controls.capability(7, 5),
                        "tokenwise fake device (simulated on the CPU, no GPU) has capability 7.5,"
                                + " but the kernels need 8.0 (Ampere) or newer"),
                wrong("a number too large", _ -> System.setProperty(DEVICE, "1"), "there is no device 1, only 0"),
                wrong("a number too small", _ -> System.setProperty(DEVICE, "-1"), "there is no device -1, only 0"),
                wrong("no number", _ -> System.setProperty(DEVICE, "all"), "-Dtokenwise.cuda.device=all is no number"),
                wrong(
                        "somebody else's",
                        controls -> controls.failCall("cuDevicePrimaryCtxRetain", 46),
                        "cuDevicePrimaryCtxRetain: CUDA_ERROR_DEVICE_UNAVAILABLE (46): another process has the device"),
                wrong(
                        "full",
                        controls -> controls.failCall("cuStreamCreate", 2),
                        "CUDA: cuStreamCreate: CUDA_ERROR_OUT_OF_MEMORY (2): out of memory"),
                wrong(
                        BROKEN,
                        controls -> controls.failCall("cuMemHostAlloc", 719),
                        "CUDA: cuMemHostAlloc of 8 bytes: CUDA_ERROR_LAUNCH_FAILED (719): unspecified launch failure"));
    }

    private static Arguments wrong(String name, Consumer<FakeControls> makeWrong, String reason) {
        return Arguments.of(name, makeWrong, reason);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("whatIsWrong")
    void cudaSaysWhyAndAutoGoesOnWithTheCpu(String name, Consumer<FakeControls> makeWrong, String reason) {
        isBroken = name.equals(BROKEN);
        makeWrong.accept(controls);
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        Backends.open(new BackendChoice(Kind.CUDA, null), 1).close())
                .satisfies(e -> assertThat(e.getMessage())
                        .hasLineCount(1)
                        .startsWith(REFUSED + reason)
                        .endsWith(WITHOUT));
        makeWrong.accept(controls);
        try (Backend backend = Backends.open(BackendChoice.AUTO, 1)) {
            assertThat(backend.kind()).isIn(Kind.VECTOR, Kind.ONEDNN);
        }
    }

    /** Auto takes no simulated device in any case; this is what it does with one that is none. */
    @Test
    void aDeviceIsTakenThatComputesWhatTheCpuDoes() throws CudaUnavailableException {
        for (Precision precision : CudaBackend.PRECISIONS) {
            CudaBackend device = CudaBackend.open(precision);
            assertThat(CheckedDevice.checked(device)).containsSame(device);
            device.close();
        }
    }

    static Stream<Arguments> whatShowsInUse() {
        return Stream.of(
                Arguments.of("NVRTC fails", (Consumer<FakeControls>) controls -> controls.failCompile(6)),
                Arguments.of("the driver does not know this NVRTC's code", failing("cuModuleLoadDataEx", 222)),
                Arguments.of("code for another device", failing("cuModuleLoadDataEx", 209)),
                Arguments.of("little memory", (Consumer<FakeControls>) controls -> controls.memoryLimit(100_000)),
                Arguments.of(BROKEN, failing("cuStreamSynchronize", 700)),
                Arguments.of("a launch is refused", failing("cuLaunchKernel", 1)));
    }

    private static Consumer<FakeControls> failing(String function, int error) {
        return controls -> controls.failCall(function, error);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("whatShowsInUse")
    void aDeviceThatFailsInItsFirstLayerIsNotTakenAndClosed(String name, Consumer<FakeControls> makeWrong)
            throws CudaUnavailableException {
        isBroken = name.equals(BROKEN);
        CudaBackend device = CudaBackend.open(Precision.BF16);
        makeWrong.accept(controls);
        assertThat(CheckedDevice.checked(device)).isEmpty();
    }

    /** What the other JVM does: asks for the backend, and for any. */
    static final class Opener {
        private Opener() {}

        public static void main(String[] arguments) {
            FakeControls fake = FakeDevice.start();
            if (arguments[0].equals("none")) {
                fake.refuse();
            } else {
                System.setProperty("tokenwise.cuda.nvrtc", arguments[0]);
            }
            for (Kind kind : List.of(Kind.CUDA, Kind.AUTO)) {
                try (Backend backend = Backends.open(new BackendChoice(kind, null), 1)) {
                    System.out.println("opened " + backend.kind());
                } catch (IllegalArgumentException e) {
                    System.out.println(e.getMessage());
                }
            }
            System.out.println(CudaStatus.describe());
        }
    }

    @Test
    void withoutNvrtc() throws Exception {
        List<String> lines = open(Map.of(), "/nowhere/libnvrtc.so.13");
        assertThat(lines).hasSize(3);
        assertThat(lines.getFirst())
                .startsWith("backend cuda: NVRTC is not available: ")
                .contains("/nowhere/libnvrtc.so.13")
                .endsWith(WITHOUT);
        assertThat(lines.get(1)).isIn("opened VECTOR", "opened ONEDNN");
        assertThat(lines.get(2)).contains("sm_90", "; cannot be used: NVRTC is not available: ");
    }

    @Test
    void devicesHiddenByTheEnvironment() throws Exception {
        List<String> lines = open(Map.of("CUDA_VISIBLE_DEVICES", ""), "none");
        assertThat(lines).hasSize(3);
        assertThat(lines.getFirst())
                .startsWith(REFUSED)
                .contains("CUDA_VISIBLE_DEVICES='' may hide all; unset it or name one that exists")
                .endsWith(WITHOUT);
        assertThat(lines.get(1)).isIn("opened VECTOR", "opened ONEDNN");
        assertThat(lines.get(2)).startsWith("none: CUDA is not available: ");
    }

    private static List<String> open(Map<String, String> environment, String what)
            throws IOException, InterruptedException {
        ProcessBuilder builder = ChildJvm.of(List.of(), Opener.class, what);
        builder.environment().putAll(environment);
        Process process = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output.lines().toList();
    }
}
