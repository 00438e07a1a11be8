package io.tokenwise.bench;

import io.tokenwise.backend.Backend;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;

/** Where a check runs, the CPU or the device: makes tensors there from the same random numbers on each. Does not own the backend. Not thread-safe. */
final class CudaSide implements AutoCloseable {
    private static final long WORKSPACE_BYTES = 1 << 26;

    /** No multiple of a row. */
    private static final int REPEATED = 100_003;

    private final Backend backend;
    private final Stream stream;
    private final Workspace workspace;
    private final Arena arena = Arena.ofShared();
    private final Random random = new Random(1);

    CudaSide(Backend backend) {
        this.backend = backend;
        stream = backend.stream();
        workspace = backend.workspace(WORKSPACE_BYTES);
    }

    Stream stream() {
        return stream;
    }

    Workspace workspace() {
        return workspace;
    }

    int[] integers(int count, int limit) {
        return random.ints(count, 0, limit).toArray();
    }

    float[] gaussian(int count) {
        var values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    Tensor random(int rows, int columns) {
        return of(rows, columns, gaussian(rows * columns));
    }

    /** The same numbers again and again, for products so large that drawing as many would take long. */
    Tensor repeated(int rows, int columns) {
        float[] few = gaussian(REPEATED);
        var values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = few[i % REPEATED];
        }
        return of(rows, columns, values);
    }

    /** So small that sums over inputs are of size 1. */
    Tensor weights(int inputs, int outputs) {
        float[] values = gaussian(inputs * outputs);
        float size = (float) (1 / Math.sqrt(inputs));
        for (int i = 0; i < values.length; i++) {
            values[i] *= size;
        }
        return of(inputs, outputs, values);
    }

    Tensor zeros(int rows, int columns) {
        return backend.allocate(arena, rows, columns);
    }

    Tensor of(int rows, int columns, float[] values) {
        Tensor tensor = backend.allocate(arena, rows, columns);
        try (HostTensor host = backend.write(tensor)) {
            for (int i = 0; i < values.length; i++) {
                host.set(i, values[i]);
            }
        }
        return tensor;
    }

    PackedMatrix packed(Tensor source) {
        PackedMatrix packed = backend.allocatePacked(arena, source.rows(), source.columns());
        stream.pack(source, false, packed);
        return packed;
    }

    /** The slices of these sizes into which a matrix is cut along its columns, or else its rows. */
    List<PackedMatrix> slices(Tensor source, int[] sizes, boolean alongOutputs) {
        List<PackedMatrix> slices = backend.allocateSlices(arena, source.rows(), source.columns(), sizes, alongOutputs);
        stream.packSlices(source, slices);
        return slices;
    }

    float[] read(Tensor tensor) {
        var values = new float[tensor.size()];
        try (HostTensor host = stream.read(tensor)) {
            host.copyTo(values);
        }
        return values;
    }

    @Override
    public void close() {
        workspace.close();
        arena.close();
    }
}
