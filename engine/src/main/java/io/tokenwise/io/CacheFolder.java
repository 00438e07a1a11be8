package io.tokenwise.io;

import java.nio.file.Path;
import java.util.Optional;

/** Where files may be kept from one start to the next. */
public final class CacheFolder {
    /** The system property that names the folder; empty or absent if nothing is to be kept. */
    public static final String PROPERTY = "tokenwise.cache";

    private CacheFolder() {}

    /** The folder, which need not exist yet; empty if nothing is to be kept. */
    public static Optional<Path> find() {
        String folder = System.getProperty(PROPERTY, "");
        return folder.isEmpty() ? Optional.empty() : Optional.of(Path.of(folder));
    }
}
