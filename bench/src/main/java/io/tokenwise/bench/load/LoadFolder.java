package io.tokenwise.bench.load;

import io.tokenwise.io.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.databind.json.JsonMapper;

/** Where results go: {@code load.json}, {@code load.svg} and {@code load.txt}. */
record LoadFolder(Path path) {
    private static final JsonMapper JSON = new JsonMapper();

    /** Made before hours of work, not after them. */
    static LoadFolder create(Path path) throws IOException {
        Files.createDirectories(path);
        return new LoadFolder(path);
    }

    void write(LoadResults results) throws IOException {
        AtomicFiles.write(path.resolve("load.json"), JSON.writeValueAsString(results));
        AtomicFiles.write(path.resolve("load.svg"), LoadPicture.svg(results));
        AtomicFiles.write(path.resolve("load.txt"), results.table() + LoadBounds.text(results));
    }
}
