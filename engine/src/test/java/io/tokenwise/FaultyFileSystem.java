package io.tokenwise;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.CopyOption;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.lucene.tests.mockfile.FilterFileChannel;
import org.apache.lucene.tests.mockfile.FilterFileSystemProvider;

/** The system's files, in which what changes something fails at a time of one's choice, and reads give one byte each if so told. Not thread-safe. */
public final class FaultyFileSystem extends FilterFileSystemProvider {
    /** Why it fails. */
    public enum Fault {
        /** Half of what was to be written is. Deleting works. */
        FULL("No space left on device"),
        READ_ONLY("Read-only file system");

        private final String reason;

        Fault(String reason) {
            this.reason = reason;
        }

        /** As Linux says it. */
        String reason() {
            return reason;
        }
    }

    private Fault fault;
    private int first = Integer.MAX_VALUE;
    private boolean lasting;
    private int changes;
    private boolean oneByte;
    private boolean noLocks;

    public FaultyFileSystem() {
        super("faulty", FileSystems.getDefault());
    }

    /** The file of that name here. */
    public Path in(Path path) {
        return wrapPath(path);
    }

    /**
     * From now on the change of that number, from 0, fails.
     *
     * @param allAfter whether all that come after it fail too
     */
    public void fail(int number, Fault newFault, boolean allAfter) {
        changes = 0;
        first = number;
        fault = newFault;
        lasting = allAfter;
    }

    /** Whether something has failed. */
    public boolean hasFailed() {
        return changes > first;
    }

    /** From now on nothing fails. */
    public void heal() {
        first = Integer.MAX_VALUE;
    }

    /** From now on a read gives one byte. */
    public void giveOneByte() {
        oneByte = true;
    }

    /** From now on it knows no locks. */
    public void refuseLocks() {
        noLocks = true;
    }

    private boolean fails() {
        int number = changes++;
        return number == first || lasting && number > first;
    }

    private void change(Path path) throws FileSystemException {
        if (fails()) {
            throw new FileSystemException(path.toString(), null, fault.reason);
        }
    }

    private static boolean writes(Set<? extends OpenOption> options) {
        return options.stream().anyMatch(option -> option != StandardOpenOption.READ);
    }

    @Override
    public FileChannel newFileChannel(Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
            throws IOException {
        if (writes(options)) {
            change(path);
        }
        return new Channel(super.newFileChannel(path, options, attributes));
    }

    @Override
    public SeekableByteChannel newByteChannel(
            Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes) throws IOException {
        return newFileChannel(path, options, attributes);
    }

    @Override
    public InputStream newInputStream(Path path, OpenOption... options) throws IOException {
        return Channels.newInputStream(newByteChannel(path, Set.of(StandardOpenOption.READ)));
    }

    @Override
    public OutputStream newOutputStream(Path path, OpenOption... options) throws IOException {
        var all = new HashSet<OpenOption>(
                options.length > 0
                        ? List.of(options)
                        : List.of(StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING));
        all.add(StandardOpenOption.WRITE);
        return Channels.newOutputStream(newByteChannel(path, all));
    }

    @Override
    public void createDirectory(Path directory, FileAttribute<?>... attributes) throws IOException {
        // One that is there says so first.
        if (!Files.exists(directory)) {
            change(directory);
        }
        super.createDirectory(directory, attributes);
    }

    @Override
    public void move(Path source, Path target, CopyOption... options) throws IOException {
        change(target);
        super.move(source, target, options);
    }

    @Override
    public void delete(Path path) throws IOException {
        if (fault == Fault.READ_ONLY) {
            change(path);
        }
        super.delete(path);
    }

    @Override
    public boolean deleteIfExists(Path path) throws IOException {
        if (fault == Fault.READ_ONLY) {
            change(path);
        }
        return super.deleteIfExists(path);
    }

    private final class Channel extends FilterFileChannel {
        Channel(FileChannel delegate) {
            super(delegate);
        }

        @Override
        public int read(ByteBuffer into) throws IOException {
            int limit = into.limit();
            into.limit(oneByte ? Math.min(limit, into.position() + 1) : limit);
            int count = super.read(into);
            into.limit(limit);
            return count;
        }

        @Override
        public int read(ByteBuffer into, long position) throws IOException {
            int limit = into.limit();
            into.limit(oneByte ? Math.min(limit, into.position() + 1) : limit);
            int count = super.read(into, position);
            into.limit(limit);
            return count;
        }

        @Override
        public int write(ByteBuffer from) throws IOException {
            if (fails()) {
                if (fault == Fault.FULL) {
                    super.write(from.slice(from.position(), from.remaining() / 2));
                }
                throw new IOException(fault.reason);
            }
            return super.write(from);
        }

        @Override
        public int write(ByteBuffer from, long position) throws IOException {
            if (fails()) {
                throw new IOException(fault.reason);
            }
            return super.write(from, position);
        }

        @Override
        public FileLock tryLock(long position, long size, boolean shared) throws IOException {
            if (noLocks) {
                throw new IOException("No locks available");
            }
            return super.tryLock(position, size, shared);
        }

        @Override
        public void force(boolean metadata) throws IOException {
            if (fails()) {
                throw new IOException(fault.reason);
            }
            super.force(metadata);
        }
    }
}
