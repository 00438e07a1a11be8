package io.tokenwise.fuzz;

import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The input that is read just now, in a file that outlives the JVM which reads it. */
final class Scratch {
    private static final int HEAD_BYTES = 24;
    private static final int MOST_BYTES = 1 << 20;
    private static final int NONE = -1;

    private final MappedByteBuffer memory;

    private Scratch(MappedByteBuffer memory) {
        this.memory = memory;
    }

    static Scratch open(Path file) throws IOException {
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return new Scratch(channel.map(FileChannel.MapMode.READ_WRITE, 0, HEAD_BYTES + MOST_BYTES));
        }
    }

    /** Says which input of which target comes now. */
    void put(int target, long number, byte[] packed) {
        memory.putLong(8, number);
        memory.putInt(16, Math.min(packed.length, MOST_BYTES));
        memory.put(HEAD_BYTES, packed, 0, Math.min(packed.length, MOST_BYTES));
        memory.putInt(0, target);
    }

    /** Says that nothing is read now. */
    void clear() {
        memory.putInt(0, NONE);
    }

    boolean isClear() {
        return target() == NONE;
    }

    int target() {
        return memory.getInt(0);
    }

    long number() {
        return memory.getLong(8);
    }

    byte[] packed() {
        var packed = new byte[memory.getInt(16)];
        memory.get(HEAD_BYTES, packed);
        return packed;
    }
}
