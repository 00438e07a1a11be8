package io.tokenwise.io;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Copies float32 matrices row by column: files keep a linear layer as {@code [out, in]}, we as {@code [in, out]}. */
public final class Transposition {
    /** Floats of a cache line: each line of the source is read in one go, each of the target written in one go. */
    private static final int STRIP = 16;

    private Transposition() {}

    /**
     * Writes a transposed matrix, by plain scalar code: it runs once, when a model is loaded, and must be fast before it is compiled.
     *
     * @param source element (row, column) lies at float {@code row * sourceStride + column}
     * @param target element (row, column) of the source goes to float {@code column * targetStride + row}
     */
    public static void copy(
            MemorySegment source, long sourceStride, int rows, int columns, MemorySegment target, long targetStride) {
        float[] strip = new float[STRIP * columns];
        float[] line = new float[STRIP];
        for (int row = 0; row < rows; row += STRIP) {
            int width = Math.min(STRIP, rows - row);
            for (int i = 0; i < width; i++) {
                long at = 4 * (row + i) * sourceStride;
                MemorySegment.copy(source, ValueLayout.JAVA_FLOAT_UNALIGNED, at, strip, i * columns, columns);
            }
            for (int column = 0; column < columns; column++) {
                for (int i = 0; i < width; i++) {
                    line[i] = strip[i * columns + column];
                }
                long at = 4 * (column * targetStride + row);
                MemorySegment.copy(line, 0, target, ValueLayout.JAVA_FLOAT_UNALIGNED, at, width);
            }
        }
    }
}
