package io.tokenwise.tensor;

import io.tokenwise.kernels.Floats;
import java.lang.foreign.MemorySegment;

/**
 * A row-major float32 matrix {@code [rows, columns]} in a backend's memory. A vector is one row.
 *
 * <p>Rows are tokens, or sequences, or the inputs of a weight matrix: with ragged batches nothing needs more dimensions. The
 * memory may belong to a device, so only a backend reads it; {@link #get} and {@link #set} are for host memory.
 *
 * <p>A tensor taken from a {@link Workspace} is valid until the workspace is reset or popped; the same object then stands
 * for another matrix. Not thread-safe while that may happen.
 */
public final class Tensor {
    private final Floats floats;
    private int rows;
    private int columns;

    public Tensor(MemorySegment segment, long offsetBytes, int rows, int columns) {
        this.floats = new Floats(segment, offsetBytes);
        this.rows = rows;
        this.columns = columns;
    }

    /** For {@link Workspace}: makes this object stand for another matrix. */
    void become(MemorySegment segment, long offsetBytes, int newRows, int newColumns) {
        floats.point(segment, offsetBytes);
        rows = newRows;
        columns = newColumns;
    }

    public int rows() {
        return rows;
    }

    public int columns() {
        return columns;
    }

    /** Number of values. */
    public int size() {
        return Math.multiplyExact(rows, columns);
    }

    public Floats floats() {
        return floats;
    }

    public float get(int row, int column) {
        return floats.get((long) row * columns + column);
    }

    public void set(int row, int column, float value) {
        floats.set((long) row * columns + column, value);
    }

    /** {@code count} values from value {@code from} on as one row, in the same memory, which must outlive it. */
    public Tensor part(long from, int count) {
        return new Tensor(floats.segment(), floats.at(from), 1, count);
    }

    /** Takes over the values of a tensor of the same shape, both in host memory. */
    public void copyFrom(Tensor other) {
        if (!sameShape(other)) {
            throw new IllegalArgumentException("copyFrom: " + other.shape() + " does not fit " + shape());
        }
        long bytes = (long) size() * Float.BYTES;
        MemorySegment.copy(other.floats.segment(), other.floats.offset(), floats.segment(), floats.offset(), bytes);
    }

    public boolean sameShape(Tensor other) {
        return rows == other.rows && columns == other.columns;
    }

    /** {@code [rows, columns]}, as error messages name it. */
    public String shape() {
        return "[" + rows + ", " + columns + "]";
    }

    @Override
    public String toString() {
        return "Tensor" + shape();
    }
}
