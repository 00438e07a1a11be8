package io.tokenwise.tensor;

import io.tokenwise.kernels.Floats;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A tensor's values where Java reads and writes them: its own memory, where that is the host's, else a copy. What a backend gave to write is in the
 * tensor once this is closed, at the latest; what it gave to read is only read. One caller at a time.
 */
public final class HostTensor implements AutoCloseable {
    private final Tensor tensor;
    private final Floats values;
    private final Runnable whenClosed;

    /**
     * For backends.
     *
     * @param values the tensor's, in memory of the host
     * @param whenClosed brings them to the tensor, if they are to be written, and frees the copy
     */
    public HostTensor(Tensor tensor, Floats values, Runnable whenClosed) {
        this.tensor = tensor;
        this.values = values;
        this.whenClosed = whenClosed;
    }

    public int rows() {
        return tensor.rows();
    }

    public int columns() {
        return tensor.columns();
    }

    /** Number of values. */
    public int size() {
        return tensor.size();
    }

    public float get(int row, int column) {
        return values.get((long) row * tensor.columns() + column);
    }

    public void set(int row, int column, float value) {
        values.set((long) row * tensor.columns() + column, value);
    }

    /** The value at a place, row by row. */
    public float get(long place) {
        return values.get(place);
    }

    public void set(long place, float value) {
        values.set(place, value);
    }

    /** A row into an array, from that place on. */
    public void copyRow(int row, float[] target, int at) {
        long from = values.at((long) row * tensor.columns());
        MemorySegment.copy(values.segment(), ValueLayout.JAVA_FLOAT, from, target, at, tensor.columns());
    }

    /** All values, row by row, into the beginning of an array. */
    public void copyTo(float[] target) {
        MemorySegment.copy(values.segment(), ValueLayout.JAVA_FLOAT, values.offset(), target, 0, tensor.size());
    }

    /** Takes over the values of another of the same shape. */
    public void copyFrom(HostTensor other) {
        if (!tensor.sameShape(other.tensor)) {
            throw new IllegalArgumentException("copyFrom: " + other.tensor.shape() + " does not fit " + tensor.shape());
        }
        segment().copyFrom(other.segment());
    }

    /** All values, row by row, in native memory. */
    public MemorySegment segment() {
        return values.segment().asSlice(values.offset(), (long) tensor.size() * Float.BYTES);
    }

    @Override
    public void close() {
        if (whenClosed != null) {
            whenClosed.run();
        }
    }
}
