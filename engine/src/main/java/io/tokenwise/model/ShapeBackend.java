package io.tokenwise.model;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.kernels.Floats;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Memory;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;

/** Has no memory and computes nothing: on it a model is built whose parameters have names and shapes only. */
final class ShapeBackend implements Backend {
    private static final int MOST_WRITTEN = 1 << 16;

    /** Memory that is nowhere. */
    private record Nowhere(long byteSize) implements Memory {}

    @Override
    public String name() {
        return "shapes";
    }

    @Override
    public String instructions() {
        return name();
    }

    @Override
    public BackendChoice.Kind kind() {
        return BackendChoice.Kind.VECTOR;
    }

    @Override
    public Precision precision() {
        return Precision.F32;
    }

    @Override
    public int threads() {
        return 1;
    }

    @Override
    public Stream stream() {
        throw refused();
    }

    @Override
    public Memory.Source memory() {
        return (_, bytes) -> new Nowhere(bytes);
    }

    @Override
    public HostTensor read(Tensor x) {
        throw refused();
    }

    /** What is written while a model is built, such as a factor of 1, goes nowhere; what is large is a weight. */
    @Override
    public HostTensor write(Tensor x) {
        if ((long) x.rows() * x.columns() > MOST_WRITTEN) {
            throw refused();
        }
        Arena arena = Arena.ofConfined();
        var values = new Floats(arena.allocate((long) x.size() * Float.BYTES, Float.BYTES), 0);
        return new HostTensor(x, values, arena::close);
    }

    @Override
    public PackedMatrix allocatePacked(Arena arena, int inputs, int outputs) {
        throw refused();
    }

    @Override
    public List<PackedMatrix> allocateSlices(Arena arena, int inputs, int outputs, int[] sizes, boolean alongOutputs) {
        throw refused();
    }

    private static IllegalStateException refused() {
        return new IllegalStateException("a model that has shapes only neither holds values nor computes");
    }

    @Override
    public void close() {}
}
