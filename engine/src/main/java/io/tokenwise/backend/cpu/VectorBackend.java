package io.tokenwise.backend.cpu;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.CheckedStream;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.tensor.HostMemory;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Memory;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/** The pure Java backend: the kernels of this machine over one pool of worker threads. Thread-safe. */
public final class VectorBackend implements Backend {
    private final Kernels kernels;
    private final WorkerPool pool;

    public VectorBackend(Kernels kernels, int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads: " + threads + ", must be at least 1");
        }
        this.kernels = kernels;
        this.pool = new WorkerPool(threads);
    }

    /** With the best kernels of this machine. */
    public static VectorBackend open(int threads) {
        return new VectorBackend(Kernels.choose(), threads);
    }

    @Override
    public String name() {
        return "vector (" + kernels.name() + ")";
    }

    @Override
    public String instructions() {
        return kernels.name();
    }

    @Override
    public BackendChoice.Kind kind() {
        return BackendChoice.Kind.VECTOR;
    }

    @Override
    public Precision precision() {
        return Precision.F32;
    }

    public Kernels kernels() {
        return kernels;
    }

    public WorkerPool pool() {
        return pool;
    }

    @Override
    public int threads() {
        return pool.threads();
    }

    @Override
    public Stream stream() {
        return new CheckedStream(
                new CpuStream(kernels, pool, new VectorProducts(kernels, pool), kernels.sequences()::attention));
    }

    @Override
    public Memory.Source memory() {
        return HostMemory::allocate;
    }

    @Override
    public HostTensor read(Tensor x) {
        return x.host();
    }

    @Override
    public HostTensor write(Tensor x) {
        return x.host();
    }

    @Override
    public PackedMatrix allocatePacked(Arena arena, int inputs, int outputs) {
        int floats = VectorProducts.packedFloats(kernels, inputs, outputs);
        return new VectorMatrix(inputs, outputs, allocate(arena, 1, floats));
    }

    @Override
    public List<PackedMatrix> allocateSlices(Arena arena, int inputs, int outputs, int[] sizes, boolean alongOutputs) {
        var slices = new ArrayList<PackedMatrix>();
        for (int size : sizes) {
            slices.add(alongOutputs ? allocatePacked(arena, inputs, size) : allocatePacked(arena, size, outputs));
        }
        return slices;
    }

    @Override
    public void close() {
        pool.close();
    }
}
