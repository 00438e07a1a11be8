package io.tokenwise.backend.onednn;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.CheckedStream;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.CpuStream;
import io.tokenwise.backend.cpu.HeadAttention;
import io.tokenwise.backend.cpu.Products;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.backend.cpu.VectorProducts;
import io.tokenwise.backend.onednn.OneDnnMatrix.Part;
import io.tokenwise.kernels.Activation;
import io.tokenwise.kernels.Conversions.Columns;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.natives.ActivationTable;
import io.tokenwise.natives.DataType;
import io.tokenwise.natives.Isa;
import io.tokenwise.natives.OneDnn;
import io.tokenwise.natives.Pages;
import io.tokenwise.natives.Product;
import io.tokenwise.natives.ProductSpec;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Memory;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Matrix products by oneDNN in one {@link Precision}, all else by our own kernels. The library's own threads are off: work is cut into blocks
 * of rows, one task of our pool each, or few rows into parts of columns. Thread-safe.
 */
public final class OneDnnBackend implements Backend {
    private static final long ALIGNMENT = 64;

    /** Tasks whose buffers are kept: as many as run at once on any machine of today. Buffers exist only for tasks that have. */
    private static final int PLACES = 256;

    /** Matrices with a smaller side stay with our own kernels and in float32: they cost next to nothing, and gates choose by exact logits. */
    public static final int LEAST_SIDE = 32;

    /**
     * Prefixes of a sliced matrix that are packed once more at most, so that memory stays bounded whatever the number of slices: together
     * (1 + 2 + 3 + 4) / 4 of the matrix.
     */
    private static final int PREFIXES = 4;

    /** Rows of any block at most. */
    private static final int MOST_ROWS = 128;

    /** That a row of a block as large as can be should make where caches are to hold them: 64 rows of 1,536, with AMX 128. */
    private static final int SUMS = 1_600;

    /** Of a matrix that is cut by {@link #mostPartOutputs}: such parts do not collide; what is left over of 1,280 or 2,048 may. */
    private static final int PART_OUTPUTS = 768;

    /** Parts for several threads have so many outputs or a multiple: as many as oneDNN's kernels do at once. */
    private static final int PART_STEP = 64;

    private static final int MOST_PARTS = 8;

    private final OneDnn oneDnn;
    private final Precision precision;

    /** Whether products go by tiles, and so take hardly longer for many rows than for one. */
    private final boolean tiles;

    private final VectorBackend vector;

    private final BufferPool<OneDnnBuffers> buffers;
    private final BufferPool<GradientBuffers> gradientBuffers;

    /** What products of our own code can make of their values. */
    private final Map<Activation, ActivationTable> tables;

    /** Null in float32, and where the CPU has no products of bfloat16. */
    private final NarrowAttention narrowAttention;

    private volatile int widestInput = 1;
    private volatile int widestOutput = 1;
    private volatile GradientBuffers.Size gradientSize = new GradientBuffers.Size(0, 0, 0);

    /** Takes over the library: {@link #close} closes it. */
    public OneDnnBackend(OneDnn oneDnn, Precision precision, Kernels kernels, int threads) {
        this.oneDnn = oneDnn;
        this.precision = precision;
        this.tiles = precision != Precision.F32 && oneDnn.isa().hasTiles();
        this.tables = precision.isOfBytes() && oneDnn.hasOwnCode() ? tables() : Map.of();
        this.vector = new VectorBackend(kernels, threads);
        this.buffers = new BufferPool<>(
                PLACES,
                b -> b.inputs >= widestInput && b.outputs >= widestOutput,
                () -> new OneDnnBuffers(this, oneDnn, kernels, widestInput, widestOutput));
        this.narrowAttention = precision != Precision.F32 && oneDnn.isa().hasBf16()
                ? new NarrowAttention(oneDnn, kernels, PLACES)
                : null;
        this.gradientBuffers = new BufferPool<>(
                PLACES, b -> b.size.covers(gradientSize), () -> new GradientBuffers(oneDnn, gradientSize));
    }

    /** With pieces so short that no value is off by more than 2.5e-5 (ActivationTableTest); a step of units up to 1 is 4e-3. */
    private static Map<Activation, ActivationTable> tables() {
        return Map.of(
                Activation.GELU, table(Activation.GELU, 2, 16),
                Activation.GELU_TANH, table(Activation.GELU_TANH, 2, 16),
                Activation.SILU, table(Activation.SILU, 1, 8));
    }

    private static ActivationTable table(Activation activation, float offset, int octavePieces) {
        return new ActivationTable(x -> activation.of((float) x), offset, octavePieces);
    }

    /** Of an activation that the products of units can apply by themselves; otherwise null. */
    ActivationTable table(Activation activation) {
        return tables.get(activation);
    }

    boolean hasTiles() {
        return tiles;
    }

    /** The largest signed byte, by absolute value, that a weight becomes. */
    int largestWeight() {
        return precision == Precision.S7
                ? Isa.LARGEST_7_BIT_WEIGHT
                : oneDnn.isa().largestInt8Weight();
    }

    /** Whether it multiplies bytes without instructions for them (VNNI); then sums that are added to others need room of their own. */
    boolean lacksInt8() {
        return precision.isOfBytes() && !oneDnn.isa().hasInt8();
    }

    /**
     * Rows that are multiplied at once at most, if each makes so many sums: more use each weight more often. With tiles so many that their sums fit the
     * second-level cache. Without, 64 rows of {@link #SUMS} do, and wider matrices leave it for a larger cache themselves: then what counts is how often they
     * are read. A product of bytes has the same bits whatever its rows, so it may be of twice as many. Without VNNI, whose CPUs have smaller caches, it
     * is always: 128 rows instead of twice 64 made 157, 131, 166 and 175 billion operations a second instead of 135, 120, 159 and 163 (384 x 1,536 and
     * 1,152, 1,536 x 384, 3,072 x 768; Zen 3).
     */
    int blockRows(int sums) {
        if (tiles) {
            return Math.clamp(MOST_ROWS * SUMS / sums, leastRows(), MOST_ROWS);
        }
        return lacksInt8() || precision.isOfBytes() && sums > SUMS ? MOST_ROWS : MOST_ROWS / 2;
    }

    /** The same of rows that make up to so many sums. */
    int mostRows(int sums) {
        return tiles ? MOST_ROWS : blockRows(sums);
    }

    /** Rows that a task should at least have when there are threads to share them: fewer read all weights for too little work. */
    int leastRows() {
        return tiles ? 32 : 8;
    }

    /** The type of a left-hand side. */
    static DataType inputType(Precision precision) {
        return switch (precision) {
            case F32 -> DataType.F32;
            case BF16 -> DataType.BF16;
            case S8 -> DataType.U8;
            case S7 -> DataType.U7;
        };
    }

    private static DataType weightType(Precision precision) {
        return switch (precision) {
            case F32, BF16 -> inputType(precision);
            case S8 -> DataType.S8;
            case S7 -> DataType.S7;
        };
    }

    @Override
    public String name() {
        String form = !precision.isOfBytes()
                ? ""
                : oneDnn.hasOwnCode()
                        ? ", bytes by own code"
                        : precision == Precision.S8 && largestWeight() < Byte.MAX_VALUE ? ", weights in 7 bits" : "";
        return "onednn (" + oneDnn.version() + ", " + oneDnn.isa() + form + ")";
    }

    @Override
    public String instructions() {
        return oneDnn.isa().name();
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
        return new CheckedStream(new CpuStream(
                kernels, vector.pool(), new OneDnnProducts(this, kernels, vector.pool(), small), attention()));
    }

    private HeadAttention attention() {
        return narrowAttention != null ? narrowAttention : vector.kernels().sequences()::attention;
    }

    @Override
    public Memory.Source memory() {
        return vector.memory();
    }

    @Override
    public HostTensor read(Tensor x) {
        return vector.read(x);
    }

    @Override
    public HostTensor write(Tensor x) {
        return vector.write(x);
    }

    @Override
    public PackedMatrix allocatePacked(Arena arena, int inputs, int outputs) {
        return Math.min(inputs, outputs) < LEAST_SIDE
                ? vector.allocatePacked(arena, inputs, outputs)
                : matrix(
                        arena,
                        inputs,
                        outputs,
                        inputs,
                        outputs,
                        null,
                        outputs < 2 * LEAST_SIDE ? vector.allocatePacked(arena, inputs, outputs) : null);
    }

    @Override
    public List<PackedMatrix> allocateSlices(Arena arena, int inputs, int outputs, int[] sizes, boolean alongOutputs) {
        int least = Arrays.stream(sizes).min().orElseThrow();
        if (Math.min(least, alongOutputs ? inputs : outputs) < LEAST_SIDE) {
            return vector.allocateSlices(arena, inputs, outputs, sizes, alongOutputs);
        }
        // If one needs a twin all of them do.
        boolean twins = alongOutputs && least < 2 * LEAST_SIDE;
        var slices = new ArrayList<PackedMatrix>();
        int end = 0;
        for (int n = 0; n < sizes.length; n++) {
            int size = sizes[n];
            end += size;
            // Where one of so many equal parts of all slices ends.
            boolean packsPrefix =
                    precision.isOfBytes() && n > 0 && PREFIXES * (n + 1) / sizes.length > PREFIXES * n / sizes.length;
            OneDnnMatrix prefix = !packsPrefix
                    ? null
                    : alongOutputs
                            ? matrix(arena, inputs, end, inputs, outputs, null, null)
                            : matrix(arena, end, outputs, inputs, outputs, null, null);
            slices.add(
                    alongOutputs
                            ? matrix(
                                    arena,
                                    inputs,
                                    size,
                                    inputs,
                                    outputs,
                                    prefix,
                                    twins ? vector.allocatePacked(arena, inputs, size) : null)
                            : matrix(arena, size, outputs, inputs, outputs, prefix, null));
        }
        return slices;
    }

    private OneDnnMatrix matrix(
            Arena arena,
            int inputs,
            int outputs,
            int allInputs,
            int allOutputs,
            OneDnnMatrix prefix,
            PackedMatrix twin) {
        widen(allInputs, allOutputs);
        var products = new ArrayList<Product>();
        int most = mostPartOutputs(outputs);
        long bytes = 0;
        for (int left = outputs; left > 0; left -= most) {
            Product product = product(inputs, Math.min(left, most), allInputs, allOutputs);
            products.add(product);
            bytes += aligned(product.packedBytes());
        }
        // In one piece, which may be large enough for large pages where its parts are not.
        MemorySegment all = Pages.allocateLarge(arena, bytes, ALIGNMENT);
        var parts = new ArrayList<Part>();
        long at = 0;
        for (Product product : products) {
            MemorySegment packed = all.asSlice(at, product.packedBytes());
            parts.add(new Part(product, packed, product.weights(packed).closeWith(arena)));
            at += aligned(product.packedBytes());
        }
        int columns = precision.isOfBytes() ? outputs : 0;
        var meaning = new Columns(new float[columns], new float[columns]);
        Part only = parts.size() == 1 ? parts.getFirst() : null;
        if (only == null && parts.stream().allMatch(part -> part.product().isOfOwnCode())) {
            // Parts of our own code are whole panels, and so together the panels of all.
            Product product = product(inputs, outputs, allInputs, allOutputs);
            only = new Part(product, all, product.weights(all).closeWith(arena));
        }
        Part whole = only != null && only.product().gates() ? only : null;
        return new OneDnnMatrix(List.copyOf(parts), whole, outputs, meaning, prefix, twin);
    }

    /**
     * Outputs of one product at most: a part for each thread that may share a block of few rows. For bytes without VNNI oneDNN reads a few outputs of all
     * inputs at a time, from rows that lie as far apart as there are outputs: where that is a multiple of 2 KB the lines push each other out of the
     * first-level cache. Measured on Zen 3, billion operations a second, 16 rows of 768 inputs: 1,152 outputs 116, 1,536 111, 3,072 99, 6,144 88; cut 125,
     * 117 and 117. One row of 384 by 1,536: 16, cut 23.
     */
    private int mostPartOutputs(int outputs) {
        boolean collide = lacksInt8() && outputs % 512 == 0;
        int shared = Math.ceilDiv(Math.ceilDiv(outputs, mostParts()), PART_STEP) * PART_STEP;
        return Math.min(shared, collide ? PART_OUTPUTS : outputs);
    }

    /** Threads that share a block of few rows at most, and parts that a matrix is cut into for them. */
    int mostParts() {
        return Math.min(vector.threads(), MOST_PARTS);
    }

    private Product product(int inputs, int outputs, int allInputs, int allOutputs) {
        DataType type = weightType(precision);
        DataType sums = precision.isOfBytes() ? DataType.S32 : DataType.F32;
        return oneDnn.product(ProductSpec.of(inputs, outputs, inputType(precision), type, sums)
                .within(allInputs, allOutputs));
    }

    private static long aligned(long bytes) {
        return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
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
        if (narrowAttention != null) {
            narrowAttention.close();
        }
        oneDnn.close();
    }
}
