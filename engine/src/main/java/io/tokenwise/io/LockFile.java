package io.tokenwise.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that only one holds at a time, of all processes and of all callers in them. The system lets go of it when a process ends, however it ends. The file stays, for whoever deletes it may
 * delete what another has just locked; by itself it locks nothing. Nothing is written to it.
 */
public final class LockFile implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LockFile.class);

    /**
     * What this process holds. POSIX lets a process go of a lock when it closes any channel on the file, so none may be opened on one that is held; static, for that is the process's, as the
     * JVM's own table is.
     */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path file;
    private final FileChannel channel;
    private final boolean keepsOthersOut;

    private LockFile(Path file, FileChannel channel, boolean keepsOthersOut) {
        this.file = file;
        this.channel = channel;
        this.keepsOthersOut = keepsOthersOut;
    }

    /**
     * Holds the file, which it makes if it is not there, if nobody else does.
     *
     * @return empty if somebody else holds it
     * @throws IOException if the file cannot be opened for writing, or is a symbolic link
     */
    public static Optional<LockFile> tryLock(Path file) throws IOException {
        Path real = file.toAbsolutePath().getParent().toRealPath().resolve(file.getFileName());
        if (!HELD.add(real)) {
            return Optional.empty();
        }
        Optional<LockFile> lock = Optional.empty();
        try {
            lock = lock(real);
        } finally {
            if (lock.isEmpty()) {
                HELD.remove(real);
            }
        }
        return lock;
    }

    private static Optional<LockFile> lock(Path file) throws IOException {
        FileChannel channel = FileChannel.open(
                file, Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS));
        try {
            if (channel.tryLock() != null) {
                return Optional.of(new LockFile(file, channel, true));
            }
        } catch (OverlappingFileLockException _) {
            LOG.debug("{} is held by this class of another class loader", file);
        } catch (IOException e) {
            LOG.warn(
                    "{} cannot be locked ({}): nothing keeps another process out, and what killed ones have left stays",
                    file,
                    e.getMessage());
            return Optional.of(new LockFile(file, channel, false));
        }
        channel.close();
        return Optional.empty();
    }

    /** Whether no other process holds it; where the file system knows no locks it is held, but so it may be by others. */
    public boolean keepsOthersOut() {
        return keepsOthersOut;
    }

    /** Lets go of it. */
    @Override
    public void close() throws IOException {
        try {
            channel.close();
        } finally {
            HELD.remove(file);
        }
    }
}
