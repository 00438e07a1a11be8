package io.tokenwise.fuzz.seeds;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** The corpus of a target, to be filled. */
record SeedFolder(Path path) {
    /** An input of one file. */
    void file(String name, byte[] bytes) throws IOException {
        Files.createDirectories(path);
        Files.write(path.resolve(name), bytes);
    }

    /** An input of several. */
    void folder(String name, Map<String, byte[]> files) throws IOException {
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Path to = path.resolve(name).resolve(file.getKey());
            Files.createDirectories(to.getParent());
            Files.write(to, file.getValue());
        }
    }
}
