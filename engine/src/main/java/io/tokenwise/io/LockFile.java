package io.tokenwise.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that only one holds at a time, of all processes and of all callers in them. The system lets go of it when a process ends, however it ends;
 * a file that a killed one has left locks nothing.
 */
public final class LockFile implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LockFile.class);

    private static final int MOST_BYTES = 1 << 16;

    private final Path file;
    private final FileChannel channel;

    private LockFile(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /**
     * Holds the file, which it makes, if nobody else does. Where the file system knows no locks a line in the log says so, and nobody is kept out.
     *
     * @return empty if somebody else holds it
     * @throws IOException if the file cannot be made
     */
    public static Optional<LockFile> tryLock(Path file) throws IOException {
        while (true) {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (!lock(file, channel)) {
                channel.close();
                return Optional.empty();
            }
            var lock = new LockFile(file, channel);
            try {
                if (isStillNamed(file, channel)) {
                    return Optional.of(lock);
                }
            } catch (IOException e) {
                AtomicFiles.deleteAfter(e, file);
                channel.close();
                throw e;
            }
            channel.close();
        }
    }

    private static boolean lock(Path file, FileChannel channel) {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException _) {
            return false;
        } catch (IOException e) {
            LOG.warn("{} cannot be locked ({}): nothing keeps another process out", file, e.getMessage());
            return true;
        }
    }

    /**
     * Whether what was locked is what the name leads to, for who held it before deletes it when he lets go. It is known by a length at random, not by its content: POSIX lets go of a lock when
     * any channel on the file is closed.
     */
    private static boolean isStillNamed(Path file, FileChannel channel) throws IOException {
        int length = 1 + ThreadLocalRandom.current().nextInt(MOST_BYTES);
        channel.truncate(0);
        channel.write(ByteBuffer.allocate(length), 0);
        try {
            return Files.size(file) == length;
        } catch (NoSuchFileException _) {
            return false;
        }
    }

    /** Deletes the file and lets go of it. One that cannot be deleted locks nothing. */
    @Override
    public void close() throws IOException {
        try (channel) {
            Files.deleteIfExists(file);
        } catch (FileSystemException e) {
            LOG.info("{} stays: {}", file, e.getMessage());
        }
    }
}
