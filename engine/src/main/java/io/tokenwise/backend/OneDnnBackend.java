package io.tokenwise.backend;

import io.tokenwise.kernels.Conversions.Columns;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.natives.DataType;
import io.tokenwise.natives.OneDnn;
import io.tokenwise.natives.Product;
import io.tokenwise.natives.ProductSpec;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Matrix products by oneDNN in one {@link Precision}, all else by our own kernels. The library's own threads are off: work is cut into blocks
 * of rows, one task of our pool each. Thread-safe.
 */
public final class OneDnnBackend implements Backend {
    private static final long ALIGNMENT = 64;

    /** Tasks whose buffers are kept: as many as run at once on any machine of today. Buffers exist only for tasks that have. */
    private static final int PLACES = 256;

    /** Matrices with a smaller side stay with our own kernels and in float32: they cost next to nothing, and gates choose by exact logits. */
    static final int LEAST_SIDE = 32;

    private final OneDnn oneDnn;
    private final Precision precision;
    private final VectorBackend vector;

    private final BufferPool<OneDnnBuffers> buffers;
    private final BufferPool<GradientBuffers> gradientBuffers;

    private volatile int widestInput = 1;
    private volatile int widestOutput = 1;
    private volatile GradientBuffers.Size gradientSize = new GradientBuffers.Size(0, 0, 0);

    /** Takes over the library: {@link #close} closes it. */
    public OneDnnBackend(OneDnn oneDnn, Precision precision, Kernels kernels, int threads) {
        this.oneDnn = oneDnn;
        this.precision = precision;
        this.vector = new VectorBackend(kernels, threads);
        this.buffers = new BufferPool<>(
                PLACES,
                b -> b.inputs >= widestInput && b.outputs >= widestOutput,
                () -> new OneDnnBuffers(oneDnn, precision, kernels, widestInput, widestOutput));
        this.gradientBuffers = new BufferPool<>(
                PLACES, b -> b.size.covers(gradientSize), () -> new GradientBuffers(oneDnn, gradientSize));
    }

    /** The type of a left-hand side. */
    static DataType inputType(Precision precision) {
        return switch (precision) {
            case F32 -> DataType.F32;
            case BF16 -> DataType.BF16;
            case S8 -> DataType.U8;
        };
    }

    @Override
    public String name() {
        return "onednn (" + oneDnn.version() + ", " + oneDnn.isa() + ")";
    }

    @Override
    public BackendChoice.Kind kind() {
        return BackendChoice.Kind.ONEDNN;
    }

    @Override
    public Precision precision() {
        return precision;
    }

    @Override
    public int threads() {
        return vector.threads();
    }

    @Override
    public Stream stream() {
        Kernels kernels = vector.kernels();
        Products small = new VectorProducts(kernels, vector.pool());
        return new CpuStream(kernels, vector.pool(), new OneDnnProducts(this, kernels, vector.pool(), small));
    }

    @Override
    public Tensor allocate(Arena arena, int rows, int columns) {
        return vector.allocate(arena, rows, columns);
    }

    @Override
    public PackedMatrix allocatePacked(Arena arena, int inputs, int outputs, int allInputs, int allOutputs) {
        if (Math.min(inputs, outputs) < LEAST_SIDE) {
            return vector.allocatePacked(arena, inputs, outputs, allInputs, allOutputs);
        }
        DataType type = precision == Precision.S8 ? DataType.S8 : inputType(precision);
        DataType sums = precision == Precision.S8 ? DataType.S32 : DataType.F32;
        Product product = oneDnn.product(ProductSpec.of(inputs, outputs, inputType(precision), type, sums)
                .within(allInputs, allOutputs));
        widen(allInputs, allOutputs);
        MemorySegment packed = arena.allocate(product.packedBytes(), ALIGNMENT);
        int columns = precision == Precision.S8 ? outputs : 0;
        return new OneDnnMatrix(
                product,
                packed,
                product.weights(packed).closeWith(arena),
                new Columns(new float[columns], new float[columns]));
    }

    private synchronized void widen(int inputs, int outputs) {
        widestInput = Math.max(widestInput, inputs);
        widestOutput = Math.max(widestOutput, outputs);
    }

    /** Buffers for a task's products, wide enough for every matrix so far. */
    BufferPool<OneDnnBuffers> buffers() {
        return buffers;
    }

    /** Buffers for a task's part of a weight's gradient, large enough for all that were asked for so far. */
    BufferPool<GradientBuffers> gradientBuffers() {
        return gradientBuffers;
    }

    synchronized void gradientBuffersOf(GradientBuffers.Size size) {
        gradientSize = gradientSize.max(size);
    }

    Product product(ProductSpec spec) {
        return oneDnn.product(spec);
    }

    @Override
    public void close() {
        vector.close();
        buffers.close();
        gradientBuffers.close();
        oneDnn.close();
    }
}
