package io.tokenwise.bench;

import io.tokenwise.backend.cuda.CompiledAhead;
import io.tokenwise.fakecuda.FakeCuda;
import io.tokenwise.fakecuda.FakeCudaUnavailableException;
import io.tokenwise.fakecuda.KernelSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import org.junit.jupiter.api.Assumptions;

/** The simulated driver with all kernels of the backend: one file for the whole process, which loads a driver only once. No GPU is involved. */
final class FakeCard {
    private static Path library;

    private FakeCard() {}

    /** The driver and NVRTC in one, or the test is skipped with the reason. */
    static synchronized Path library() throws IOException {
        if (library == null) {
            var sources = new ArrayList<KernelSource>();
            try (var folder = TemporaryFolder.create("tokenwise-sources-")) {
                CompiledAhead.write(folder.path(), "sm_90", (name, _, source) -> {
                    sources.add(new KernelSource(name + ".cu", source));
                    return new byte[1];
                });
            }
            try {
                // The engine's tests have compiled the same texts there.
                library = FakeCuda.build(sources, Path.of("../fake-cuda/target/fake-cuda"))
                        .toRealPath();
            } catch (FakeCudaUnavailableException e) {
                Assumptions.abort(e.getMessage());
            }
        }
        return library;
    }
}
