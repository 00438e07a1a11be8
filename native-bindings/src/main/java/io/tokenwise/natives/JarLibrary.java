package io.tokenwise.natives;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.zip.CRC32;

/**
 * oneDNN as it lies in a jar, unpacked: 90 MB, which takes half a second. If the system property {@value #FOLDER_PROPERTY} names a folder,
 * the files are kept there, named after the checksum in the jar, and are used again if they still have it. Otherwise they lie in a
 * temporary folder for as long as the library is being loaded.
 */
final class JarLibrary implements AutoCloseable {
    static final String FOLDER_PROPERTY = "tokenwise.cache";

    private static final String JAR_FOLDER = "org/bytedeco/dnnl/linux-x86_64/";
    private static final String LIBRARY = "libdnnl.so.3";

    /** libdnnl finds libgomp beside itself (its RUNPATH is $ORIGIN). */
    private static final List<String> FILES = List.of("libgomp.so.1", LIBRARY);

    private static final String KEPT = "onednn-";
    private static final String HALF = ".onednn-";

    /** Nobody unpacks for that long. */
    private static final Duration LEFT_BEHIND = Duration.ofHours(1);

    private final Path folder;
    private final boolean temporary;

    private JarLibrary(Path folder, boolean temporary) {
        this.folder = folder;
        this.temporary = temporary;
    }

    /** Whether the jar is on the class path, and for a machine like this. */
    static boolean isThere() {
        return System.getProperty("os.name").equals("Linux")
                && System.getProperty("os.arch").equals("amd64")
                && FILES.stream().allMatch(name -> resource(name) != null);
    }

    static JarLibrary unpack() throws IOException {
        String kept = System.getProperty(FOLDER_PROPERTY, "");
        if (!kept.isEmpty()) {
            try {
                return new JarLibrary(kept(Path.of(kept)), false);
            } catch (IOException e) {
                // A folder that cannot be used must not cost us the library.
            }
        }
        Path folder = Files.createTempDirectory("tokenwise-onednn-");
        var library = new JarLibrary(folder, true);
        try {
            unpackInto(folder);
            return library;
        } catch (Throwable e) {
            library.close();
            throw e;
        }
    }

    Path file() {
        return folder.resolve(LIBRARY);
    }

    private static Path kept(Path parent) throws IOException {
        parent = parent.toAbsolutePath();
        Path folder = parent.resolve("%s%08x".formatted(KEPT, checksumInJar(LIBRARY)));
        if (isComplete(folder)) {
            return folder;
        }
        Files.createDirectories(parent);
        deleteOthers(parent, folder);
        Path unpacked = Files.createTempDirectory(parent, HALF);
        try {
            unpackInto(unpacked);
            if (!isComplete(folder)) {
                delete(folder);
            }
            Files.move(unpacked, folder, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            delete(unpacked);
            // Another process may have been faster.
            if (!isComplete(folder)) {
                throw e;
            }
        }
        return folder;
    }

    /** A file cut short or altered would crash the JVM. */
    private static boolean isComplete(Path folder) throws IOException {
        for (String name : FILES) {
            Path file = folder.resolve(name);
            if (!Files.isRegularFile(file) || checksum(file) != checksumInJar(name)) {
                return false;
            }
        }
        return true;
    }

    private static long checksum(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            var checksum = new CRC32();
            checksum.update(channel.map(MapMode.READ_ONLY, 0, channel.size()));
            return checksum.getValue();
        }
    }

    private static long checksumInJar(String name) throws IOException {
        if (resource(name).openConnection() instanceof JarURLConnection jar) {
            return jar.getJarEntry().getCrc();
        }
        throw new IOException(name + " does not lie in a jar");
    }

    private static URL resource(String name) {
        return JarLibrary.class.getClassLoader().getResource(JAR_FOLDER + name);
    }

    private static void unpackInto(Path folder) throws IOException {
        for (String name : FILES) {
            try (InputStream in = resource(name).openStream()) {
                Files.copy(in, folder.resolve(name));
            }
        }
    }

    /** Other versions, which processes that have loaded them keep, and what killed processes have left half unpacked. */
    private static void deleteOthers(Path parent, Path folder) throws IOException {
        try (DirectoryStream<Path> others = Files.newDirectoryStream(parent, "{" + KEPT + "*," + HALF + "*}")) {
            for (Path other : others) {
                boolean half = other.getFileName().toString().startsWith(HALF);
                boolean old = Files.getLastModifiedTime(other)
                        .toInstant()
                        .isBefore(Instant.now().minus(LEFT_BEHIND));
                if (half ? old : !other.equals(folder)) {
                    delete(other);
                }
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        for (String name : FILES) {
            Files.deleteIfExists(folder.resolve(name));
        }
        Files.deleteIfExists(folder);
    }

    /** Deletes what is temporary: what is loaded stays so without its name, and a killed JVM leaves nothing behind. */
    @Override
    public void close() throws IOException {
        if (temporary) {
            delete(folder);
        }
    }
}
