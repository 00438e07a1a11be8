package io.tokenwise.io;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/** Files that appear under their name only when they are complete and on disk. */
public final class AtomicFiles {
    private static final String TEMPORARY = ".tmp";
    private static final int UUID_LENGTH = 36;

    private AtomicFiles() {}

    /** What a file is to hold. */
    @FunctionalInterface
    public interface Content {
        /** Writes all of it; the stream is not buffered, so write large pieces. */
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Writes a file, or replaces it, so that at every moment its name leads to the old content or to all of the new, even
     * if the process is killed or the power fails. After an exception the old content is still there, and nothing else.
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
            throw cannotWrite(file, e);
        } finally {
            // Still there only if something failed. Asked for first, because deleting fails where there is no folder.
            if (Files.exists(temporary)) {
                Files.delete(temporary);
            }
        }
    }

    /**
     * Deletes what killed writers of the file left beside it. Only for files that nobody else is writing.
     */
    public static void deleteLeftovers(Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        String start = "." + file.getFileName() + ".";
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (var siblings = Files.newDirectoryStream(
                folder, path -> isLeftover(path.getFileName().toString(), start))) {
            for (Path sibling : siblings) {
                Files.delete(sibling);
            }
        }
    }

    private static boolean isLeftover(String name, String start) {
        return name.length() == start.length() + UUID_LENGTH + TEMPORARY.length()
                && name.startsWith(start)
                && name.endsWith(TEMPORARY);
    }

    /** One line with the name that the user knows, in place of "No space left on device" or a temporary file's name. */
    public static IOException cannotWrite(Path target, IOException failure) {
        IOException root = failure.getCause() instanceof IOException cause ? cause : failure;
        String kind = root instanceof FileSystemException ? root.getClass().getSimpleName() + " " : "";
        return new IOException(target + ": cannot be written: " + kind + root.getMessage(), root);
    }

    /** A name beside the target, thus on the same file system, that nothing else uses. */
    public static Path temporarySibling(Path target) {
        return target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + TEMPORARY);
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
