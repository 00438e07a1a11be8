package io.tokenwise.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.Stream;

/** A folder where an input lies while it is read. */
public final class Workplace implements AutoCloseable {
    /** Where Linux has files in memory: to write and delete small ones takes a tenth of the time there. */
    private static final Path MEMORY = Path.of("/dev/shm");

    private final Path folder;
    private boolean used;

    private Workplace(Path folder) {
        this.folder = folder;
    }

    /** An empty one, in memory if that can be had. */
    static Workplace create() throws IOException {
        String prefix = "tokenwise-fuzz-";
        return new Workplace(
                Files.isDirectory(MEMORY) && Files.isWritable(MEMORY)
                        ? Files.createTempDirectory(MEMORY, prefix)
                        : Files.createTempDirectory(prefix));
    }

    /** One that is there. */
    static Workplace of(Path folder) throws IOException {
        var place = new Workplace(folder);
        place.used = true;
        place.clear();
        return place;
    }

    Path path() {
        return folder;
    }

    /** Writes all files of an input; returns their folder. */
    public Path folder(Input input) throws IOException {
        used = true;
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

    /** Deletes all in it. */
    void clear() throws IOException {
        if (used) {
            try (Stream<Path> all = Files.walk(folder)) {
                for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                    if (!path.equals(folder)) {
                        Files.delete(path);
                    }
                }
            }
        }
        used = false;
    }

    @Override
    public void close() throws IOException {
        used = true;
        clear();
        Files.delete(folder);
    }
}
