package io.tokenwise.io;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A matrix as signed bytes with a scale for each row, symmetric around 0: a value is about {@code scale * byte}.
 *
 * @param floats the matrix, row by row
 * @param most the largest byte
 * @param scales a row's largest magnitude / most, cut to 16 significant bits: so scale * byte is exact in float32, every reader
 *     gets the same values, and what was read and is written again has the same scale and bytes
 */
record ScaledRows(MemorySegment floats, int columns, int most, float[] scales) {
    /** The lowest 8 of a float's 24 significant bits; a byte without its sign has 7. */
    private static final int CUT_BITS = 0xFF;

    static ScaledRows of(TensorData matrix) {
        int columns = Math.toIntExact(matrix.shape()[1]);
        var scales = new float[Math.toIntExact(matrix.shape()[0])];
        for (int row = 0; row < scales.length; row++) {
            float largest = 0;
            for (int column = 0; column < columns; column++) {
                largest = Math.max(largest, Math.abs(value(matrix.floats(), columns, row, column)));
            }
            float scale = Float.intBitsToFloat(Float.floatToIntBits(largest / matrix.largestByte()) & ~CUT_BITS);
            // Less has fewer bits to cut; such a row is 0 for all that anybody computes with it.
            scales[row] = scale < Float.MIN_NORMAL ? 0 : scale;
        }
        return new ScaledRows(matrix.floats(), columns, matrix.largestByte(), scales);
    }

    /** The bytes of a row. */
    byte[] row(int row) {
        var bytes = new byte[columns];
        if (scales[row] > 0) {
            for (int column = 0; column < columns; column++) {
                bytes[column] =
                        (byte) Math.clamp(Math.round(value(floats, columns, row, column) / scales[row]), -most, most);
            }
        }
        return bytes;
    }

    /**
     * Turns the first {@code count} of some bytes into a matrix's elements from {@code at} on. By arrays, because it runs once, when a model is
     * loaded, and loops over arrays are fast before they are compiled.
     */
    static void decode(
            MemorySegment from, int count, MemorySegment floats, long at, MemorySegment scales, long columns) {
        int width = (int) Math.min(columns, count);
        var bytes = new byte[width];
        var values = new float[width];
        for (int done = 0; done < count; ) {
            long row = (at + done) / columns;
            int size = (int) Math.min((row + 1) * columns - at, count) - done;
            MemorySegment.copy(from, ValueLayout.JAVA_BYTE, done, bytes, 0, size);
            scale(bytes, size, scales.getAtIndex(ValueLayout.JAVA_FLOAT, row), values);
            MemorySegment.copy(values, 0, floats, ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * (at + done), size);
            done += size;
        }
    }

    private static void scale(byte[] bytes, int count, float scale, float[] values) {
        for (int i = 0; i < count; i++) {
            values[i] = scale * bytes[i];
        }
    }

    private static float value(MemorySegment floats, int columns, int row, int column) {
        return floats.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * ((long) row * columns + column));
    }
}
