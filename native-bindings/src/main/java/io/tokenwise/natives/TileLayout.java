package io.tokenwise.natives;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;

/**
 * How B {@code [inputs, columns]} lies in memory for {@link TileProducts}: panels of so many vectors of columns, then one of what is left. A panel has for each column an
 * int that its sums begin with, then the floats that {@link #setMeaning} says of it, and for each step of eight inputs four weights w1 of each column and four w2, in pairs
 * {@code w1 - 64} and {@code w2 + 64}.
 */
record TileLayout(int inputs, int columns, boolean inPairs, int fullPanels, int restVectors) {
    /** Inputs of a step. */
    static final int STEP = 8;

    private static final int QUAD = STEP / 2;

    /** Columns of a vector of sums, and the vectors of a panel. */
    static final int LANES = 16;

    static final int PANEL_VECTORS = 4;
    static final int PANEL_COLUMNS = PANEL_VECTORS * LANES;
    private static final int SHIFT = 64;

    static TileLayout of(ProductSpec spec) {
        int columns = spec.n();
        return new TileLayout(
                spec.k(), columns, spec.b() == DataType.S7, columns / PANEL_COLUMNS, columns % PANEL_COLUMNS / LANES);
    }

    /** Whether the first half of the columns, and so the second, is of whole panels. */
    boolean hasWholeHalves() {
        return columns % (2 * PANEL_COLUMNS) == 0;
    }

    long bytes() {
        return offset(columns);
    }

    long panelBytes(int vectors) {
        return offset(vectors * LANES);
    }

    /** Of the panel that begins with a column: those before are full. */
    long offset(int column) {
        return column * (TileCode.COLUMN_BYTES + (long) inputs);
    }

    private int width(int column) {
        return Math.min(PANEL_COLUMNS, columns - column);
    }

    /** Packs B, in pairs of values from -64 to 64. */
    void pack(MemorySegment rowMajor, MemorySegment packed) {
        int shift = inPairs ? SHIFT : 0;
        var first = new byte[QUAD * columns];
        var second = new byte[QUAD * columns];
        var terms = new int[columns];
        for (int step = 0; step < inputs / STEP; step++) {
            long at = (long) step * STEP * columns;
            MemorySegment.copy(rowMajor, JAVA_BYTE, at, first, 0, first.length);
            MemorySegment.copy(rowMajor, JAVA_BYTE, at + first.length, second, 0, second.length);
            if (inPairs) {
                addTerms(first, second, terms);
            }
            for (int column = 0; column < columns; column += PANEL_COLUMNS) {
                int width = width(column);
                long to = offset(column) + width * (TileCode.COLUMN_BYTES + (long) step * STEP);
                packQuad(first, column, width, -shift, packed, to);
                packQuad(second, column, width, shift, packed, to + (long) QUAD * width);
            }
        }
        for (int column = 0; column < columns; column += PANEL_COLUMNS) {
            MemorySegment.copy(terms, column, packed, JAVA_INT, offset(column), width(column));
        }
    }

    /** What sums of columns mean as floats: packs the step of each column, and the sum of its weights in steps. */
    void setMeaning(float[] scales, float[] sums, int from, MemorySegment packed) {
        for (int column = 0; column < columns; column += PANEL_COLUMNS) {
            int width = width(column);
            long to = offset(column) + (long) width * Integer.BYTES;
            MemorySegment.copy(scales, from + column, packed, JAVA_FLOAT, to, width);
            MemorySegment.copy(sums, from + column, packed, JAVA_FLOAT, to + (long) width * Float.BYTES, width);
        }
    }

    /** What a column's sum begins with: less {@code w1 w2}, and what the shifts made of its weights. */
    private static void addTerms(byte[] first, byte[] second, int[] terms) {
        for (int i = 0; i < QUAD; i++) {
            int at = i * terms.length;
            for (int j = 0; j < terms.length; j++) {
                int w1 = first[at + j];
                int w2 = second[at + j];
                terms[j] -= w1 * w2 + SHIFT * (w1 - w2);
            }
        }
    }

    private void packQuad(byte[] quad, int column, int width, int shift, MemorySegment packed, long to) {
        var panel = new byte[QUAD * width];
        for (int i = 0; i < QUAD; i++) {
            for (int j = 0; j < width; j++) {
                panel[QUAD * j + i] = (byte) (quad[i * columns + column + j] + shift);
            }
        }
        MemorySegment.copy(panel, 0, packed, JAVA_BYTE, to, panel.length);
    }
}
