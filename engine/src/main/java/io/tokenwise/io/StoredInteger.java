package io.tokenwise.io;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/** The formats of whole numbers in weight files that are read, little-endian: such as numbers of rows. */
enum StoredInteger {
    I8 {
        @Override
        long get(MemorySegment from, long index) {
            return from.get(ValueLayout.JAVA_BYTE, index);
        }
    },
    I32 {
        @Override
        long get(MemorySegment from, long index) {
            return from.get(INT, 4 * index);
        }
    },
    I64 {
        @Override
        long get(MemorySegment from, long index) {
            return from.get(LONG, 8 * index);
        }
    };

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** That of such a name; empty if it is another. */
    static Optional<StoredInteger> of(String name) {
        return Arrays.stream(values()).filter(each -> each.name().equals(name)).findFirst();
    }

    /** Element {@code index} of a file's bytes. */
    abstract long get(MemorySegment from, long index);

    /** The first {@code count} elements of a file's bytes as floats, from element {@code at} of the destination on. */
    void decode(MemorySegment from, int count, MemorySegment floats, long at) {
        for (long i = 0; i < count; i++) {
            floats.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * (at + i), get(from, i));
        }
    }
}
