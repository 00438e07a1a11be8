package io.tokenwise.testdata;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What {@code ./tokenwise fetch NAME} has brought. It is optional: what needs it is skipped where it is absent.
 *
 * <p>It is looked for in the cache folder that the system property {@code tokenwise.cache} names, and without it in {@code tokenwise} of the user's.
 */
public final class FetchedData {
    /** The system property that names the cache folder. */
    public static final String PROPERTY = "tokenwise.cache";

    private FetchedData() {}

    /** The cache folder, whether or not it is there. */
    public static Path cache() {
        String named = System.getProperty(PROPERTY, "");
        String xdg = System.getenv("XDG_CACHE_HOME");
        Path user = xdg == null || xdg.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(xdg);
        return named.isEmpty() ? user.resolve("tokenwise") : Path.of(named);
    }

    /** The folder of a model or data set, if it was fetched. */
    public static Optional<Path> find(String name) {
        return Optional.of(cache().resolve("fetched").resolve(name)).filter(Files::isDirectory);
    }
}
