package io.tokenwise.tensor;

import io.tokenwise.kernels.Floats;
import java.lang.foreign.MemorySegment;

/**
 * A row-major float32 matrix {@code [rows, columns]} in a backend's memory. A vector is one row.
 *
 * <p>Rows are tokens, or sequences, or the inputs of a weight matrix: with ragged batches nothing needs more dimensions. Only its backend touches the
 * memory, which may be a device's; all others read and write a tensor by the backend's {@code read} and {@code write}, which give a {@link HostTensor}.
 *
 * <p>A tensor taken from a {@link Workspace} is valid until the workspace is reset or popped; the same object then stands
 * for another matrix. Not thread-safe while that may happen.
 */
public final class Tensor {
    private final Floats floats = new Floats(MemorySegment.NULL, 0);
    private final HostTensor host = new HostTensor(this, floats, null);
    private Memory memory;
    private long offsetBytes;
    private int rows;
    private int columns;

    public Tensor(Memory memory, long offsetBytes, int rows, int columns) {
        become(memory, offsetBytes, rows, columns);
    }

    /** For {@link Workspace}: makes this object stand for another matrix. */
    void become(Memory newMemory, long newOffsetBytes, int newRows, int newColumns) {
        memory = newMemory;
        offsetBytes = newOffsetBytes;
        rows = newRows;
        columns = newColumns;
        if (newMemory instanceof HostMemory(MemorySegment segment)) {
            floats.point(segment, newOffsetBytes);
        }
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

    /** For backends: where it lies. */
    public Memory memory() {
        return memory;
    }

    /** For backends: where in its {@link #memory} it begins. */
    public long offsetBytes() {
        return offsetBytes;
    }

    /**
     * For backends that compute on the host: its values.
     *
     * @throws IllegalStateException if they lie in the memory of a device
     */
    public Floats floats() {
        requireHost();
        return floats;
    }

    /** For backends that compute on the host: the same as a matrix; as {@link #floats()}. */
    public HostTensor host() {
        requireHost();
        return host;
    }

    private void requireHost() {
        if (!(memory instanceof HostMemory)) {
            throw new IllegalStateException("a tensor " + shape() + " in " + memory
                    + " cannot be touched from Java: read and write it by its backend");
        }
    }

    /** {@code count} values from value {@code from} on as one row, in the same memory, which must outlive it. */
    public Tensor part(long from, int count) {
        return new Tensor(memory, offsetBytes + from * Float.BYTES, 1, count);
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
