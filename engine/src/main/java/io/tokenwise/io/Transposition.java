package io.tokenwise.io;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Copies float32 matrices row by column: files keep a linear layer as {@code [out, in]}, we as {@code [in, out]}. */
public final class Transposition {
    /**
     * Four cache lines: few copies, each of which costs 100 ns before it is compiled, and strips that fit the second-level cache (64 x
     * 1,536 floats).
     */
    private static final int STRIP = 64;

    /** Floats between two rows of a strip: rows of 768, 1,536 or 3,072 floats without them share a few sets of the first-level cache, in which a column then does not fit. */
    private static final int GAP = 16;

    private Transposition() {}

    /**
     * Writes a transposed matrix, by plain scalar code: it runs once, when a model is loaded, and must be fast before it is compiled.
     *
     * @param source element (row, column) lies at float {@code row * sourceStride + column}
     * @param target element (row, column) of the source goes to float {@code column * targetStride + row}
     */
    public static void copy(
            MemorySegment source, long sourceStride, int rows, int columns, MemorySegment target, long targetStride) {
        int stride = columns + GAP;
        float[] strip = new float[STRIP * stride];
        float[] line = new float[STRIP];
        for (int row = 0; row < rows; row += STRIP) {
            int width = Math.min(STRIP, rows - row);
            for (int i = 0; i < width; i++) {
                long at = 4 * (row + i) * sourceStride;
                MemorySegment.copy(source, ValueLayout.JAVA_FLOAT_UNALIGNED, at, strip, i * stride, columns);
            }
            for (int column = 0; column < columns; column++) {
                gather(strip, column, stride, line, width);
                long at = 4 * (column * targetStride + row);
                MemorySegment.copy(line, 0, target, ValueLayout.JAVA_FLOAT_UNALIGNED, at, width);
            }
        }
    }

    /** Apart from the loops around it, so that it is compiled early and in a few milliseconds. */
    private static void gather(float[] strip, int from, int stride, float[] line, int width) {
        for (int i = 0; i < width; i++) {
            line[i] = strip[i * stride + from];
        }
    }
}
