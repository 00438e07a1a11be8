package io.tokenwise.natives.cuda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * NVIDIA's own libraries, as Debian's packages libcuda1, libnvrtc12, libnvrtc-builtins12.4 and libcublaslt12 of non-free have them, in the
 * folder that {@value #PROPERTY} names, else in ~/.cache/tokenwise/cuda-test.
 */
final class RealLibraries {
    private static final String PROPERTY = "tokenwise.cuda.test.libraries";

    private RealLibraries() {}

    static Path folder() {
        String folder = System.getProperty(PROPERTY);
        return folder != null
                ? Path.of(folder)
                : Path.of(System.getProperty("user.home"), ".cache", "tokenwise", "cuda-test");
    }

    /** A file there; the test is skipped without it. */
    static Path file(String name) {
        Path file = folder().resolve(name);
        assumeTrue(Files.isRegularFile(file), "no " + name + " in ~/.cache/tokenwise/cuda-test or -D" + PROPERTY);
        return file.toAbsolutePath();
    }
}
