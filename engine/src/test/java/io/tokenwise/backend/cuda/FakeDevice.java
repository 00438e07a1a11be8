package io.tokenwise.backend.cuda;

import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.fakecuda.FakeCuda;
import io.tokenwise.fakecuda.FakeCudaUnavailableException;
import io.tokenwise.fakecuda.KernelSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** The simulated driver with all kernels of this package, which this process finds as CUDA's libraries. It runs them on the CPU: no GPU is involved. */
public final class FakeDevice {
    private static Path library;

    private FakeDevice() {}

    /**
     * A device as freshly started, on which nothing has been counted, or the test is skipped with the reason. Whatever was opened before must have been
     * closed.
     */
    public static synchronized FakeControls start() {
        var controls = FakeControls.of(library());
        controls.reset();
        controls.allow();
        return controls;
    }

    /** One file for the whole process, which loads a driver only once. */
    private static Path library() {
        if (library == null) {
            var sources = KernelSources.FILES.stream()
                    .map(file -> new KernelSource(file + ".cu", KernelSources.text(file)))
                    .toList();
            try {
                // Where its own tests have compiled the driver.
                library = FakeCuda.build(sources, Path.of("../fake-cuda/target/fake-cuda"));
            } catch (FakeCudaUnavailableException e) {
                Assumptions.abort(e.getMessage());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            System.setProperty("tokenwise.cuda.driver", library.toString());
            System.setProperty("tokenwise.cuda.nvrtc", library.toString());
            System.setProperty("tokenwise.cuda.cublaslt", library.toString());
        }
        return library;
    }
}
