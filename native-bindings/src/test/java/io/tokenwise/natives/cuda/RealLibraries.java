package io.tokenwise.natives.cuda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tokenwise.testdata.CudaLibraries;
import java.nio.file.Path;
import java.util.Optional;

/** NVIDIA's own libraries; a test that asks for one that is absent is skipped with the reason. */
final class RealLibraries {
    private RealLibraries() {}

    static Path folder() {
        return CudaLibraries.folder();
    }

    static Path file(String name) {
        Optional<Path> file = CudaLibraries.find(name);
        assumeTrue(file.isPresent(), () -> CudaLibraries.absence(name));
        return file.orElseThrow();
    }
}
