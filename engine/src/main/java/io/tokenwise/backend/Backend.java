package io.tokenwise.backend;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Precision;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Memory;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.lang.foreign.Arena;
import java.util.List;

/**
 * What computes: owns threads or a device, and opens {@link Stream}s that do the work. Thread-safe.
 *
 * <p>A result never depends on the number of threads, nor on which other rows are in the same call.
 */
public interface Backend extends AutoCloseable {
    /** Short name with the kernels in use, such as {@code vector (vector-512)}. */
    String name();

    /** The largest instruction set that its matrix products use: {@code vector-512} of our kernels, {@code AVX512_CORE_VNNI} of oneDNN's. */
    String instructions();

    /** Never AUTO. */
    BackendChoice.Kind kind();

    /** The type in which it multiplies matrices. */
    Precision precision();

    /** Threads that take part in one operation at most, the caller included. */
    int threads();

    /** A new stream of operations, for one caller at a time. */
    Stream stream();

    /** Where its tensors lie. */
    Memory.Source memory();

    /** Memory for weights that lives as long as the arena; zeroed. */
    default Tensor allocate(Arena arena, int rows, int columns) {
        long bytes = Math.multiplyExact((long) rows * columns, Float.BYTES);
        return new Tensor(memory().allocate(arena, bytes), 0, rows, columns);
    }

    /** Memory for the tensors of passes, never more than so many bytes; a device rounds rows up, and may take twice as many. */
    default Workspace workspace(long limitBytes) {
        return new Workspace(memory(), limitBytes);
    }

    /** A tensor's values to read, once all streams have done what they were told; to be closed. In passes see {@link Stream#read}. */
    HostTensor read(Tensor x);

    /** A tensor's values to read and to write, otherwise as {@link #read}; what is written is in the tensor once they are closed. */
    HostTensor write(Tensor x);

    /** Room for a packed {@code [inputs, outputs]} matrix that lives as long as the arena. */
    PackedMatrix allocatePacked(Arena arena, int inputs, int outputs);

    /** Room for the slices of these sizes, in order, into which such a matrix is cut along its outputs or else its inputs. */
    List<PackedMatrix> allocateSlices(Arena arena, int inputs, int outputs, int[] sizes, boolean alongOutputs);

    /** Stops the threads. Streams must not be used any more. */
    @Override
    void close();
}
