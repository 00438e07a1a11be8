package io.tokenwise.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Working memory of one thread, kept between kernel calls so that a warm kernel allocates nothing. Not thread-safe. */
public final class Scratch {
    private float[] floats = new float[0];
    private MemorySegment nativeFloats = MemorySegment.NULL;

    /** At least {@code count} floats with unspecified content; valid until the next call. */
    public float[] floats(int count) {
        if (floats.length < count) {
            floats = new float[Math.max(count, floats.length * 2)];
        }
        return floats;
    }

    /** At least {@code count} floats of 64-byte aligned native memory with unspecified content; valid until the next call. */
    MemorySegment nativeFloats(long count) {
        long bytes = count * Float.BYTES;
        if (nativeFloats.byteSize() < bytes) {
            nativeFloats = Arena.ofAuto().allocate(Math.max(bytes, nativeFloats.byteSize() * 2), 64);
        }
        return nativeFloats;
    }
}
