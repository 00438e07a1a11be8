package io.tokenwise.io;

import java.lang.foreign.MemorySegment;

/**
 * A tensor to be written: float32 elements, row by row.
 *
 * @param shape outermost dimension first
 * @param floats exactly four bytes for each element, in the machine's byte order
 * @param largestByte what a row's largest magnitude becomes where the tensor is kept as bytes (see {@link StoredType#S8}): fewer different bytes
 *     are coarser, and compress better
 */
public record TensorData(long[] shape, MemorySegment floats, int largestByte) {
    /** Kept as finely as a byte can. */
    public TensorData(long[] shape, MemorySegment floats) {
        this(shape, floats, Byte.MAX_VALUE);
    }

    /** Checks that shape and memory agree. */
    public TensorData {
        long bytes = 4;
        for (long dimension : shape) {
            if (dimension < 0) {
                throw new IllegalArgumentException("shape has a negative dimension " + dimension);
            }
            bytes = Math.multiplyExact(bytes, dimension);
        }
        if (bytes != floats.byteSize()) {
            throw new IllegalArgumentException(
                    "shape takes " + bytes + " bytes of float32, the memory has " + floats.byteSize());
        }
    }
}
