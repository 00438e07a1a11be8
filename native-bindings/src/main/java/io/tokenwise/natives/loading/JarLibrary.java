package io.tokenwise.natives.loading;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/**
 * A library as it lies in a jar, unpacked: some 100 MB, which takes half a second. If the system property {@value #FOLDER_PROPERTY} names a
 * folder, the files are kept there, named after the checksum in the jar, and are used again if they still have it. Otherwise they lie in a
 * temporary folder for as long as the library is being loaded.
 */
public final class JarLibrary implements AutoCloseable {
    public static final String FOLDER_PROPERTY = "tokenwise.cache";

    /** Nobody unpacks for that long. */
    private static final Duration LEFT_BEHIND = Duration.ofHours(1);

    private final Content content;
    private final Path folder;
    private final boolean temporary;

    private JarLibrary(Content content, Path folder, boolean temporary) {
        this.content = content;
        this.folder = folder;
        this.temporary = temporary;
    }

    /**
     * What lies in a jar for Linux on x86-64.
     *
     * @param name what the folder is called after, where it is kept
     * @param folder in the jar, with a slash at its end
     * @param files what is unpacked, the library that is to be loaded last
     */
    public record Content(String name, String folder, List<String> files) {
        /** Whether the jar is on the class path, and for a machine like this. */
        public boolean isThere() {
            return System.getProperty("os.name").equals("Linux")
                    && System.getProperty("os.arch").equals("amd64")
                    && files.stream().allMatch(file -> resource(file) != null);
        }

        private URL resource(String file) {
            return JarLibrary.class.getClassLoader().getResource(folder + file);
        }

        private String kept() {
            return name + "-";
        }

        private String half() {
            return "." + name + "-";
        }
    }

    /** The files of a jar's folder whose names begin like that; {@code known} is a file there. None if it is on no class path. */
    public static List<String> names(String folder, String known, String prefix) {
        URL url = JarLibrary.class.getClassLoader().getResource(folder + known);
        try {
            if (url == null || !(connect(url) instanceof JarURLConnection jar)) {
                return List.of();
            }
            try (JarFile file = jar.getJarFile();
                    Stream<JarEntry> entries = file.stream()) {
                return entries.map(JarEntry::getName)
                        .filter(name -> name.startsWith(folder + prefix))
                        .map(name -> name.substring(folder.length()))
                        .toList();
            }
        } catch (IOException e) {
            return List.of();
        }
    }

    public static JarLibrary unpack(Content content) throws IOException {
        String kept = System.getProperty(FOLDER_PROPERTY, "");
        if (!kept.isEmpty()) {
            try {
                return new JarLibrary(content, kept(content, Path.of(kept)), false);
            } catch (IOException e) {
                // A folder that cannot be used must not cost us the library.
            }
        }
        return unpackForNow(content);
    }

    /** Unpacks it to a temporary folder, whether or not there is one where it is kept. */
    public static JarLibrary unpackForNow(Content content) throws IOException {
        Path folder = Files.createTempDirectory("tokenwise-" + content.name + "-");
        var library = new JarLibrary(content, folder, true);
        try {
            unpackInto(content, folder);
            return library;
        } catch (Throwable e) {
            library.close();
            throw e;
        }
    }

    /** Whether it stays after {@link #close}. */
    public boolean isKept() {
        return !temporary;
    }

    public Path file() {
        return folder.resolve(content.files.getLast());
    }

    private static Path kept(Content content, Path parent) throws IOException {
        parent = parent.toAbsolutePath();
        Path folder =
                parent.resolve("%s%08x".formatted(content.kept(), checksumInJar(content, content.files.getLast())));
        if (isComplete(content, folder)) {
            return folder;
        }
        Files.createDirectories(parent);
        deleteOthers(content, parent, folder);
        Path unpacked = Files.createTempDirectory(parent, content.half());
        try {
            unpackInto(content, unpacked);
            if (!isComplete(content, folder)) {
                delete(content, folder);
            }
            Files.move(unpacked, folder, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            delete(content, unpacked);
            // Another process may have been faster.
            if (!isComplete(content, folder)) {
                throw e;
            }
        }
        return folder;
    }

    /** A file cut short or altered would crash the JVM. */
    private static boolean isComplete(Content content, Path folder) throws IOException {
        for (String name : content.files) {
            Path file = folder.resolve(name);
            if (!Files.isRegularFile(file) || checksum(file) != checksumInJar(content, name)) {
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

    private static long checksumInJar(Content content, String name) throws IOException {
        if (connect(content.resource(name)) instanceof JarURLConnection jar) {
            try (JarFile file = jar.getJarFile()) {
                return file.getJarEntry(jar.getEntryName()).getCrc();
            }
        }
        throw new IOException(name + " does not lie in a jar");
    }

    /** Without the JVM's cache, which would keep the jar open, and with it an application's class loader that is closed. */
    private static URLConnection connect(URL url) throws IOException {
        URLConnection connection = url.openConnection();
        connection.setUseCaches(false);
        return connection;
    }

    private static void unpackInto(Content content, Path folder) throws IOException {
        for (String name : content.files) {
            try (InputStream in = connect(content.resource(name)).getInputStream()) {
                Files.copy(in, folder.resolve(name));
            }
        }
    }

    /** Other versions, which processes that have loaded them keep, and what killed processes have left half unpacked. */
    private static void deleteOthers(Content content, Path parent, Path folder) throws IOException {
        try (DirectoryStream<Path> others =
                Files.newDirectoryStream(parent, "{" + content.kept() + "*," + content.half() + "*}")) {
            for (Path other : others) {
                boolean half = other.getFileName().toString().startsWith(content.half());
                boolean old = Files.getLastModifiedTime(other)
                        .toInstant()
                        .isBefore(Instant.now().minus(LEFT_BEHIND));
                if (half ? old : !other.equals(folder)) {
                    delete(content, other);
                }
            }
        }
    }

    private static void delete(Content content, Path folder) throws IOException {
        for (String name : content.files) {
            Files.deleteIfExists(folder.resolve(name));
        }
        Files.deleteIfExists(folder);
    }

    /** Deletes what is temporary: what is loaded stays so without its name, and a killed JVM leaves nothing behind. */
    @Override
    public void close() throws IOException {
        if (temporary) {
            delete(content, folder);
        }
    }
}
