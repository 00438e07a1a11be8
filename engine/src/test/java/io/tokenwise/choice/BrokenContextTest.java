package io.tokenwise.choice;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.ChildJvm;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cuda.CudaBackend;
import io.tokenwise.backend.cuda.FakeDevice;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.natives.cuda.CudaException;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A fault on the device ends the context for all of its process: auto goes on with the CPU there, and a new process has the device again. The simulated device lives
 * in its process, so that the second one shows only that nothing of the fault is kept in files.
 */
class BrokenContextTest {
    private static final int ILLEGAL_ADDRESS = 700;

    @TempDir
    Path folder;

    /** A process with a device in use, whose context breaks there if it is told so. */
    static final class Using {
        private Using() {}

        public static void main(String[] arguments) throws CudaUnavailableException {
            FakeControls controls = FakeDevice.start();
            CudaBackend device = CudaBackend.open(Precision.BF16);
            System.out.println("taken: " + CheckedDevice.checked(device).isPresent());
            if (arguments[0].equals("whole")) {
                device.close();
                return;
            }
            controls.failCall("cuStreamSynchronize", ILLEGAL_ADDRESS);
            for (int i = 0; i < 2; i++) {
                try {
                    System.out.println("differs by " + CheckedDevice.difference(device));
                } catch (CudaException e) {
                    System.out.println(e.getMessage());
                }
            }
            try (Backend backend = Backends.open(BackendChoice.AUTO, 1)) {
                System.out.println("auto: " + backend.kind());
            }
        }
    }

    @BeforeEach
    void buildOnce() {
        FakeDevice.start();
    }

    private List<String> run(String what) throws IOException, InterruptedException {
        Process process = ChildJvm.of(List.of("-Dtokenwise.cache=" + folder.resolve("cache")), Using.class, what)
                .redirectError(folder.resolve(what).toFile())
                .start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor())
                .as("%s%s", output, Files.readString(folder.resolve(what)))
                .isZero();
        return output.lines().toList();
    }

    @Test
    void autoGoesOnWithTheCpuAndANewProcessHasTheDevice() throws Exception {
        List<String> broken = run("broken");
        assertThat(broken).hasSize(4);
        assertThat(broken.get(0)).isEqualTo("taken: true");
        assertThat(broken.get(1)).startsWith("CUDA: cuStreamSynchronize: CUDA_ERROR_ILLEGAL_ADDRESS (700): ");
        assertThat(broken.get(2))
                .startsWith("CUDA: the context is broken since cuStreamSynchronize: ")
                .endsWith("start the process anew to use this device");
        assertThat(broken.get(3)).isIn("auto: VECTOR", "auto: ONEDNN");
        assertThat(Files.readString(folder.resolve("broken")).lines().filter(line -> line.contains("backend cuda")))
                .singleElement()
                .asString()
                .contains("WARN", "backend cuda is not used: CUDA is not available: ", "(700)");
        assertThat(run("whole")).containsExactly("taken: true");
    }
}
