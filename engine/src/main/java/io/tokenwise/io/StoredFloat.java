package io.tokenwise.io;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;

/** The floating-point formats of weight files, little-endian. */
enum StoredFloat {
    F32(4) {
        @Override
        float get(ByteBuffer from, int index) {
            return from.getFloat(4 * index);
        }
    },
    F16(2) {
        @Override
        float get(ByteBuffer from, int index) {
            return Float.float16ToFloat(from.getShort(2 * index));
        }
    },
    BF16(2) {
        @Override
        float get(ByteBuffer from, int index) {
            return Float.intBitsToFloat(from.getShort(2 * index) << 16);
        }
    },
    F64(8) {
        @Override
        float get(ByteBuffer from, int index) {
            return (float) from.getDouble(8 * index);
        }
    };

    final int bytes;

    StoredFloat(int bytes) {
        this.bytes = bytes;
    }

    /** Element {@code index} of a little-endian buffer. */
    abstract float get(ByteBuffer from, int index);

    /** Puts one element in its place, or refuses it: no computation survives a NaN or an infinity among the weights. */
    static void putFinite(MemorySegment destination, long index, float value, String file, String tensor) {
        if (!Float.isFinite(value)) {
            throw new BadFileException(
                    file,
                    "tensor " + tensor + ": element " + index + " is " + value + " as float32; weights must be finite");
        }
        destination.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * index, value);
    }

    static void requireSize(MemorySegment destination, long elements, String file, String tensor) {
        if (destination.byteSize() != 4 * elements) {
            throw new IllegalArgumentException(file + ": tensor " + tensor + ": destination has "
                    + destination.byteSize() + " bytes, its " + elements + " float32 elements take " + 4 * elements);
        }
    }
}
