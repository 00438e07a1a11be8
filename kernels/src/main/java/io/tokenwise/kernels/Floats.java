package io.tokenwise.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A run of float32 values in native memory (not a mapped file): a segment and the byte offset at which the run starts.
 *
 * <p>It is what kernels take and give. It is mutable so that a workspace can point the same object at other memory
 * without allocating; whoever holds one shares it with nobody who may move it.
 */
public final class Floats {
    private static final Class<?> NATIVE = MemorySegment.NULL.getClass();

    private MemorySegment segment;
    private long offset;

    public Floats(MemorySegment segment, long offsetBytes) {
        point(segment, offsetBytes);
    }

    /** Points this run at other memory. */
    public void point(MemorySegment newSegment, long newOffsetBytes) {
        segment = newSegment;
        offset = newOffsetBytes;
    }

    public MemorySegment segment() {
        return exactlyNative(segment);
    }

    /**
     * The same segment, with its class proven to the compiler. Otherwise an access is compiled for every kind of segment that any code of this
     * JVM has used before, heap arrays among them: measured, 35 instead of 250 GFLOP/s for a product.
     */
    static MemorySegment exactlyNative(MemorySegment segment) {
        if (segment.getClass() != NATIVE) {
            throw new IllegalArgumentException("kernels need native memory that is not a mapped file: " + segment);
        }
        return segment;
    }

    /** Byte offset of the first value in {@link #segment()}. */
    public long offset() {
        return offset;
    }

    /** Byte offset of the value at {@code index} in {@link #segment()}. */
    public long at(long index) {
        return offset + index * Float.BYTES;
    }

    public float get(long index) {
        return segment().get(ValueLayout.JAVA_FLOAT, at(index));
    }

    public void set(long index, float value) {
        segment().set(ValueLayout.JAVA_FLOAT, at(index), value);
    }
}
