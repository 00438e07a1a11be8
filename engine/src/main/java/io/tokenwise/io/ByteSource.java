package io.tokenwise.io;

import io.tokenwise.api.BadFileException;
import io.tokenwise.natives.Pages;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** The bytes of a file, on disk or in native memory, that are read from any place on. Reading is thread-safe. */
public sealed interface ByteSource extends AutoCloseable {
    long size() throws IOException;

    /**
     * Fills a buffer from a place on; its position is then its limit.
     *
     * @throws EOFException if there are fewer bytes
     */
    void read(long position, ByteBuffer into) throws IOException;

    @Override
    void close() throws IOException;

    /** A file that must exist. It is not mapped, because a mapped file that another process cuts short takes the JVM down with it. */
    static ByteSource open(Path path) throws IOException {
        if (!Files.isRegularFile(path)) {
            throw new BadFileException(path.toString(), Files.exists(path) ? "is not a file" : "no such file");
        }
        return new OnDisk(FileChannel.open(path));
    }

    /**
     * Reads a stream's bytes into native memory: on the heap they would stay for long, and make it grow.
     *
     * @param file the name to give them in messages
     * @param bytes how many there are; less than 0 if that is not known
     * @throws IOException if there are fewer bytes, or reading fails
     */
    static InMemory read(String file, InputStream in, long bytes) throws IOException {
        if (bytes < 0) {
            throw new BadFileException(file, "its size is not known; put its jar itself on the class path");
        }
        if (bytes > InMemory.MOST_BYTES) {
            throw new BadFileException(file, "is larger than 2 GB, the most that is read into memory");
        }
        Arena arena = Arena.ofShared();
        try {
            MemorySegment memory = Pages.allocate(arena, bytes, Long.BYTES);
            byte[] chunk = new byte[InMemory.CHUNK_BYTES];
            for (long at = 0; at < bytes; ) {
                int count = in.read(chunk, 0, (int) Math.min(chunk.length, bytes - at));
                if (count < 0) {
                    throw new EOFException(file + ": ends after " + at + " of " + bytes + " bytes");
                }
                MemorySegment.copy(chunk, 0, memory, ValueLayout.JAVA_BYTE, at, count);
                at += count;
            }
            return new InMemory(memory, arena);
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    record OnDisk(FileChannel channel) implements ByteSource {
        @Override
        public long size() throws IOException {
            return channel.size();
        }

        @Override
        public void read(long position, ByteBuffer into) throws IOException {
            int start = into.position();
            while (into.hasRemaining()) {
                if (channel.read(into, position + into.position() - start) < 0) {
                    throw new EOFException();
                }
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    /** Closing twice is harmless. */
    record InMemory(MemorySegment memory, Arena arena) implements ByteSource {
        /** The most that a ByteBuffer can hold. */
        private static final long MOST_BYTES = Integer.MAX_VALUE - 8;

        private static final int CHUNK_BYTES = 1 << 16;

        @Override
        public long size() {
            return memory.byteSize();
        }

        @Override
        public void read(long position, ByteBuffer into) {
            into.put(memory.asSlice(position, into.remaining()).asByteBuffer());
        }

        @Override
        public void close() {
            if (arena.scope().isAlive()) {
                arena.close();
            }
        }
    }
}
