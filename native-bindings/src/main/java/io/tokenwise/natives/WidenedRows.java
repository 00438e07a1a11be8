package io.tokenwise.natives;

import java.lang.foreign.MemorySegment;

/**
 * Where rows of a product of bytes go as floats: {@code y = sum * scale * columnScale + (least * columnSum + bias) + residual}, with a scale and a least value for each row and
 * what {@link Product#setMeaning} says of columns; or an {@link ActivationTable activation} of that, without a residual. Mutable, so that a warm call allocates nothing; for one thread at a time.
 */
public final class WidenedRows {
    MemorySegment y = MemorySegment.NULL;
    MemorySegment bias = MemorySegment.NULL;

    /** {@link MemorySegment#NULL} where there is none. */
    MemorySegment residual = MemorySegment.NULL;

    private MemorySegment table = MemorySegment.NULL;

    long yAt;
    long biasAt;
    long residualAt;
    private long stride;
    private float[] steps = {};

    /**
     * Where y's first row begins.
     *
     * @param newStride floats from one row to the next, of the residual too
     */
    public void setY(MemorySegment memory, long at, long newStride) {
        if (newStride > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("rows " + newStride + " floats apart: at most " + Integer.MAX_VALUE);
        }
        y = memory;
        yAt = at;
        stride = newStride;
    }

    /** A float for each column. */
    public void setBias(MemorySegment memory, long at) {
        bias = memory;
        biasAt = at;
    }

    /** Where the residual's first row begins; it may be y. {@link MemorySegment#NULL} where there is none. */
    public void setResidual(MemorySegment memory, long at) {
        residual = memory;
        residualAt = at;
    }

    /** @param newSteps of each row its scale, and its least value behind it */
    public void setSteps(float[] newSteps) {
        steps = newSteps;
    }

    /** Lets each value be its activation, or of {@link Binding#gate} each gate; null where it stays what it is. Without a residual. */
    public void setTable(ActivationTable activation) {
        table = activation == null ? MemorySegment.NULL : activation.memory;
    }

    MemorySegment table() {
        return table;
    }

    boolean hasTable() {
        return table.address() != 0;
    }

    boolean hasResidual() {
        return residual.address() != 0;
    }

    float scale(int row) {
        return steps[2 * row];
    }

    float least(int row) {
        return steps[2 * row + 1];
    }

    long strideBytes() {
        return stride * Float.BYTES;
    }

    /**
     * That there is room for the product's columns of so many rows, from a column of theirs on.
     *
     * @param scratch what the product reads while it writes, so that y must lie elsewhere
     */
    void check(ProductSpec spec, int rows, int column, MemorySegment scratch) {
        if (hasTable() && hasResidual()) {
            throw new IllegalArgumentException(spec + ": an activation has no residual");
        }
        check(spec, rows, column, spec.n(), spec.n(), scratch);
    }

    /** The same of a product of units with their gates. */
    void checkGated(ProductSpec spec, int rows, MemorySegment scratch) {
        if (!hasTable() || hasResidual()) {
            throw new IllegalArgumentException(spec + ": gates need an activation, and have no residual");
        }
        check(spec, rows, 0, spec.n() / 2, spec.n(), scratch);
    }

    private void check(ProductSpec spec, int rows, int column, int columns, int biases, MemorySegment scratch) {
        long end = column + (long) columns;
        if (column < 0 || stride < end || steps.length < 2 * rows) {
            throw new IllegalArgumentException(spec + ": rows of " + stride + " floats and steps of " + steps.length / 2
                    + " rows, but needed are columns " + column + " to " + end + " of " + rows + " rows");
        }
        long bytes = ((rows - 1L) * stride + end) * Float.BYTES;
        check(spec, "y", y, yAt, bytes);
        if (y.address() < scratch.address() + scratch.byteSize() && scratch.address() < y.address() + y.byteSize()) {
            throw new IllegalArgumentException(spec + ": y and scratch must not overlap");
        }
        check(spec, "bias", bias, biasAt, (column + (long) biases) * Float.BYTES);
        if (hasResidual()) {
            check(spec, "residual", residual, residualAt, bytes);
        }
    }

    private static void check(ProductSpec spec, String name, MemorySegment memory, long at, long bytes) {
        if (at < 0 || at > memory.byteSize()) {
            throw new IllegalArgumentException(
                    spec + ": " + name + " begins at byte " + at + " of its memory, which has " + memory.byteSize());
        }
        Sizes.check(spec, name, memory, Math.addExact(at, bytes));
    }
}
