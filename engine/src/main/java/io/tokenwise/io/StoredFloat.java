package io.tokenwise.io;

import io.tokenwise.api.BadFileException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/** The floating-point formats of weight files, little-endian. */
public enum StoredFloat {
    F32(4) {
        @Override
        void decode(MemorySegment from, long count, MemorySegment floats, long at) {
            MemorySegment.copy(from, FLOAT, 0, floats, ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * at, count);
        }
    },
    F16(2) {
        @Override
        float get(MemorySegment from, long index) {
            return Float.float16ToFloat(from.get(SHORT, 2 * index));
        }
    },
    BF16(2) {
        @Override
        float get(MemorySegment from, long index) {
            return Float.intBitsToFloat(from.get(SHORT, 2 * index) << 16);
        }
    },
    F64(8) {
        @Override
        float get(MemorySegment from, long index) {
            return (float) from.get(DOUBLE, 8 * index);
        }
    };

    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    final int bytes;

    StoredFloat(int bytes) {
        this.bytes = bytes;
    }

    /** The format that Safetensors, and we of other files, call so, such as {@code "BF16"}; empty if it is another type's name. */
    static Optional<StoredFloat> of(String type) {
        return Arrays.stream(values())
                .filter(format -> format.name().equals(type))
                .findFirst();
    }

    /** Element {@code index} of a file's bytes. */
    float get(MemorySegment from, long index) {
        return from.get(FLOAT, 4 * index);
    }

    /** The first {@code count} elements of a file's bytes as floats, from element {@code at} of the destination on. */
    void decode(MemorySegment from, long count, MemorySegment floats, long at) {
        for (long i = 0; i < count; i++) {
            floats.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * (at + i), get(from, i));
        }
    }

    /** Refuses NaN and infinity among some of a tensor's elements: no computation survives one among the weights. */
    public static void requireFinite(MemorySegment floats, long from, long count, String file, String tensor) {
        // The largest magnitude by its bits, which order like the numbers: a loop without branches, so that C2
        // vectorises it.
        int largest = 0;
        for (long i = from; i < from + count; i++) {
            largest = Math.max(largest, floats.get(ValueLayout.JAVA_INT_UNALIGNED, 4 * i) & Integer.MAX_VALUE);
        }
        if (Float.isFinite(Float.intBitsToFloat(largest))) {
            return;
        }
        for (long i = from; ; i++) {
            float value = floats.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * i);
            if (!Float.isFinite(value)) {
                throw new BadFileException(
                        file,
                        "tensor " + tensor + ": element " + i + " is " + value + " as float32; weights must be finite");
            }
        }
    }

    public static void requireSize(MemorySegment destination, long elements, String file, String tensor) {
        if (destination.byteSize() != 4 * elements) {
            throw new IllegalArgumentException(file + ": tensor " + tensor + ": destination has "
                    + destination.byteSize() + " bytes, its " + elements + " float32 elements take " + 4 * elements);
        }
    }
}
