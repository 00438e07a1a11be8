package io.tokenwise.kernels;

import java.lang.foreign.MemorySegment;

/**
 * Where a matrix of tokens has the columns of each head: side by side from one column on, or in units of {@link SequenceOps#UNIT} columns that lie
 * anywhere. Plain fields, so that one object serves many calls without allocation.
 */
public final class HeadColumns {
    Floats values;
    int stride;
    int headSize;
    private int first;
    private int[] units;

    /** So many heads, one after the other, have the same columns. */
    private int shared;

    /** Heads side by side in a matrix with {@code newStride} columns, the first from column {@code newFirst} on. */
    public void sideBySide(Floats newValues, int newStride, int newFirst, int newHeadSize) {
        sideBySide(newValues, newStride, newFirst, newHeadSize, 1);
    }

    /** The same where each head's columns are those of {@code newShared} heads, as keys and values may be (Ainslie et al. 2023). */
    public void sideBySide(Floats newValues, int newStride, int newFirst, int newHeadSize, int newShared) {
        values = newValues;
        stride = newStride;
        headSize = newHeadSize;
        first = newFirst;
        units = null;
        shared = newShared;
    }

    /** Heads in units: unit i of head h begins at column {@code newUnits[h * headSize / UNIT + i]}. */
    public void inUnits(Floats newValues, int newStride, int[] newUnits, int newHeadSize) {
        assert newHeadSize % SequenceOps.UNIT == 0;
        values = newValues;
        stride = newStride;
        headSize = newHeadSize;
        units = newUnits;
        shared = 1;
    }

    /** Whether a head's columns lie side by side, so that one address and {@link #strideBytes} say where they are. */
    public boolean areSideBySide() {
        return units == null;
    }

    /** Index of a head's column {@code c} in a token's row. */
    long at(int token, int head, int c) {
        int column = head / shared * headSize + c;
        int place = units == null ? first + column : units[column / SequenceOps.UNIT] + column % SequenceOps.UNIT;
        return (long) token * stride + place;
    }

    /** The same as a byte of {@link #memory}. */
    public long byteAt(int token, int head, int c) {
        return values.at(at(token, head, c));
    }

    public MemorySegment memory() {
        return values.segment();
    }

    public long strideBytes() {
        return (long) stride * Float.BYTES;
    }
}
