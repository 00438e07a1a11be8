package io.tokenwise.io;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Files that appear under their name only when they are complete and on disk. */
public final class AtomicFiles {
    /** What was there under the name and is put aside for something new. */
    public static final String ASIDE = ".old";

    private static final String TEMPORARY = ".tmp";

    /** No writer of a file that others may write too takes that long. */
    private static final Duration LEFT_BEHIND = Duration.ofHours(1);

    private static final String UUID_PATTERN = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
    private static final Logger LOG = LoggerFactory.getLogger(AtomicFiles.class);

    private AtomicFiles() {}

    /** What a file is to hold. */
    @FunctionalInterface
    public interface Content {
        /** Writes all of it; the stream is not buffered, so write large pieces. */
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Writes a file, or replaces it, so that at every moment its name leads to the old content or to all of the new, even
     * if the process is killed or the power fails. After an exception the old content is still there, and nothing else; or, where the system refuses
     * to sync a folder, the new.
     */
    public static void write(Path file, Content content) throws IOException {
        Path temporary = temporarySibling(file);
        try {
            try (FileChannel channel =
                    FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                content.writeTo(Channels.newOutputStream(channel));
                channel.force(true);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            syncDirectory(file.toAbsolutePath().getParent());
        } catch (IOException e) {
            IOException failure = cannotWrite(file, e);
            deleteAfter(failure, temporary);
            throw failure;
        } catch (RuntimeException | Error e) {
            deleteAfter(e, temporary);
            throw e;
        }
    }

    /** The same with a text in UTF-8. */
    public static void write(Path file, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        write(file, out -> out.write(bytes));
    }

    /** Makes a folder and those around it that are not there yet; their names survive a power failure too. */
    public static void createDirectories(Path directory) throws IOException {
        Path folder = directory.toAbsolutePath();
        if (Files.isDirectory(folder)) {
            return;
        }
        if (folder.getParent() != null) {
            createDirectories(folder.getParent());
        }
        try {
            Files.createDirectory(folder);
        } catch (FileAlreadyExistsException e) {
            // Another process may have been faster.
            if (!Files.isDirectory(folder)) {
                throw e;
            }
        }
        syncDirectory(folder.getParent());
    }

    /** Deletes what a failure has left. Where that fails too, as when nothing can be written any more, the user is still told of the first. */
    public static void deleteAfter(Throwable failure, Path temporary) {
        try {
            if (Files.exists(temporary)) {
                deleteTree(temporary);
            }
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    /** Deletes a file, or a directory with all that is in it. */
    public static void deleteTree(Path path) throws IOException {
        try (Stream<Path> paths = Files.walk(path)) {
            for (Path each : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /**
     * Deletes what killed writers of the file, or directory, left beside it. Only for those that nobody else is writing. What cannot be deleted, such as another user's, stays, and a line in
     * the log says so.
     */
    public static void deleteLeftovers(Path file) throws IOException {
        for (Path leftover : leftovers(file, TEMPORARY)) {
            deleteLeftover(leftover);
        }
    }

    /** The same of all files in a folder whose names begin so, where others may just be writing: only what is so old that no writer is still at it. */
    public static void deleteOldLeftovers(Path folder, String prefix) throws IOException {
        Instant old = Instant.now().minus(LEFT_BEHIND);
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                String name = file.getFileName().toString();
                if (name.startsWith("." + prefix) && name.endsWith(TEMPORARY) && isOlder(file, old)) {
                    deleteLeftover(file);
                }
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static boolean isOlder(Path file, Instant time) throws IOException {
        try {
            return Files.getLastModifiedTime(file).toInstant().isBefore(time);
        } catch (NoSuchFileException _) {
            // Its writer has just ended.
            return false;
        }
    }

    /** One of them. */
    public static void deleteLeftover(Path leftover) {
        try {
            deleteTree(leftover);
        } catch (IOException e) {
            LOG.info("{} stays: {}", leftover, reason(e));
        }
    }

    /** What there is beside a file of the names that {@link #sibling} gives. */
    public static List<Path> leftovers(Path file, String ending) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        Pattern name =
                Pattern.compile(Pattern.quote("." + file.getFileName() + ".") + UUID_PATTERN + Pattern.quote(ending));
        try (Stream<Path> siblings = Files.list(folder)) {
            return siblings.filter(sibling ->
                            name.matcher(sibling.getFileName().toString()).matches())
                    .toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** One line with the name that the user knows, in place of "No space left on device" or a temporary file's name. */
    public static IOException cannotWrite(Path target, IOException failure) {
        IOException root = failure.getCause() instanceof IOException cause ? cause : failure;
        return new IOException(target + ": cannot be written: " + reason(root), root);
    }

    private static String reason(IOException failure) {
        if (failure instanceof FileSystemException of && of.getReason() != null) {
            return of.getReason();
        }
        String name = failure.getClass().getSimpleName();
        if (failure instanceof FileSystemException of && of.getFile() != null) {
            // It says all by its name, and of a temporary file: where that is to lie is what the user knows.
            return name + " " + Path.of(of.getFile()).toAbsolutePath().getParent();
        }
        return failure.getMessage() != null ? failure.getMessage() : name;
    }

    /** A name beside the target, thus on the same file system, that nothing else uses. */
    public static Path temporarySibling(Path target) {
        return sibling(target, TEMPORARY);
    }

    /** The same with an ending that says what it is for. */
    public static Path sibling(Path target, String ending) {
        return target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ending);
    }

    /** Makes renames in a directory survive a power failure. */
    public static void syncDirectory(Path directory) throws IOException {
        // Windows cannot open a directory as a file; its file system journals renames by itself.
        if (directory.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            try (FileChannel channel = FileChannel.open(directory)) {
                channel.force(true);
            }
        }
    }
}
