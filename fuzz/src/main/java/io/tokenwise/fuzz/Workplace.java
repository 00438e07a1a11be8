package io.tokenwise.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.Stream;

/** A folder where an input lies while it is read. */
public final class Workplace {
    private final Path folder;
    private boolean used;

    Workplace(Path folder) throws IOException {
        this.folder = Files.createDirectories(folder);
        used = true;
        clear();
    }

    /** Writes all files of an input; returns their folder. */
    public Path folder(Input input) throws IOException {
        used = true;
        Files.createDirectories(folder);
        for (Map.Entry<String, byte[]> file : input.files().entrySet()) {
            Path path = folder.resolve(file.getKey());
            if (path.getNameCount() > folder.getNameCount() + 1) {
                Files.createDirectories(path.getParent());
            }
            Files.write(path, file.getValue());
        }
        return folder;
    }

    /** Writes the file of an input; returns its path. */
    public Path file(Input input) throws IOException {
        return folder(input).resolve(input.files().keySet().iterator().next());
    }

    void clear() throws IOException {
        if (used && Files.exists(folder)) {
            try (Stream<Path> all = Files.walk(folder)) {
                for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
        used = false;
    }
}
