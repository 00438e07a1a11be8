package io.tokenwise.testdata;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * NVIDIA's own libraries, for tests without a device: libcuda, NVRTC with its builtins and cuBLASLt. {@code ./tokenwise test} fetches them, from Debian. They are
 * optional: what needs one is skipped where it is absent.
 *
 * <p>They are looked for in the folder that the system property {@code tokenwise.cuda.test.libraries} names, and without it in {@code cuda-test} of the cache folder.
 */
public final class CudaLibraries {
    /** The system property that names the folder. */
    public static final String PROPERTY = "tokenwise.cuda.test.libraries";

    private CudaLibraries() {}

    /** Where they lie, whether or not it is there. */
    public static Path folder() {
        String named = System.getProperty(PROPERTY);
        return named != null ? Path.of(named) : FetchedData.cache().resolve("cuda-test");
    }

    /** The library of that file name. */
    public static Optional<Path> find(String name) {
        return Optional.of(folder().resolve(name).toAbsolutePath()).filter(Files::isRegularFile);
    }

    /** Why one that was not found is absent, in a line. */
    public static String absence(String name) {
        String reason;
        try {
            reason = Files.readString(folder().resolve("absent")).strip();
        } catch (IOException e) {
            reason = "./tokenwise test fetches it, or -D" + PROPERTY + " names a folder";
        }
        return "no " + name + " of NVIDIA's: " + reason;
    }
}
