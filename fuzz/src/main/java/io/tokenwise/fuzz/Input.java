package io.tokenwise.fuzz;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/** What a reader is given: a file, or several by their names in a folder. */
public record Input(Map<String, byte[]> files) {
    /** The first that a zip can say. */
    private static final LocalDateTime FIRST_TIME = LocalDateTime.of(1980, 1, 1, 0, 0);

    public Input {
        files = Collections.unmodifiableMap(new LinkedHashMap<>(files));
    }

    /** The file of a reader that wants one. */
    public byte[] bytes() {
        return files.values().iterator().next();
    }

    /** Of all files. */
    long size() {
        return files.values().stream().mapToLong(bytes -> bytes.length).sum();
    }

    /** The same with another content of a file; without it if that is null. */
    Input with(String name, byte[] bytes) {
        var changed = new LinkedHashMap<>(files);
        if (bytes == null) {
            changed.remove(name);
        } else {
            changed.put(name, bytes);
        }
        return new Input(changed);
    }

    /** As one file: itself, or a zip. */
    byte[] packed(Target target) {
        if (!target.isFolder()) {
            return bytes();
        }
        var packed = new ByteArrayOutputStream();
        try (var zip = new ZipOutputStream(packed)) {
            zip.setLevel(0);
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                var entry = new ZipEntry(file.getKey());
                // Else it is the time of now: the same input would be other bytes each time.
                entry.setTimeLocal(FIRST_TIME);
                zip.putNextEntry(entry);
                zip.write(file.getValue());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return packed.toByteArray();
    }

    /** What {@link #packed} has made. */
    static Input of(Target target, byte[] packed) {
        if (!target.isFolder()) {
            return new Input(Map.of(target.file(), packed));
        }
        var files = new LinkedHashMap<String, byte[]>();
        try (var zip = new ZipInputStream(new ByteArrayInputStream(packed))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                files.put(entry.getName(), zip.readAllBytes());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Input(files);
    }

    /** A file that holds one, or of a folder's the folder itself. */
    static Input read(Target target, Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            return of(target, Files.readAllBytes(path));
        }
        var files = new LinkedHashMap<String, byte[]>();
        try (Stream<Path> found = Files.walk(path)) {
            for (Path file : found.filter(Files::isRegularFile).sorted().toList()) {
                files.put(path.relativize(file).toString(), Files.readAllBytes(file));
            }
        }
        return new Input(files);
    }
}
