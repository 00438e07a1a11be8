package io.tokenwise.natives;

import io.tokenwise.natives.generated.onednn.Dnnl;
import io.tokenwise.natives.generated.onednn.dnnl_exec_arg_t;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * A matrix product of one {@link ProductSpec}, for any number of rows. B is packed once, in the layout that oneDNN likes best for many
 * rows, and all row counts use it. A kernel is compiled for each row count at its first use (0.5 to 2 ms) and kept. Products of bytes may be {@link TileProducts}
 * instead, whose code is for any number of rows.
 * It belongs to its {@link OneDnn} and may be shared by threads.
 *
 * <p>A row of C is the same, bit for bit, whatever the number of rows from 2 up: so it was for f32 and bf16 in all 216 products of
 * sizes 32 to 3072 that were tried with AVX-512, in oneDNN 3.7.2 and 3.13. One row alone is summed in another order if k is
 * 1152 or more, so run 2 where bits matter. oneDNN 3.7.2's f32 without AVX-512 depends on the number of rows; sums of integers never do.
 */
public final class Product {
    /** The most rows of one call. */
    public static final int MAX_ROWS = 1 << 16;

    /** Layouts were equal for 16 rows and more; with one row oneDNN may choose another. */
    private static final int REPRESENTATIVE_ROWS = 64;

    final OneDnn oneDnn;

    /** Null where {@link #ownCode} multiplies. */
    final MemorySegment layout;

    /** Null where oneDNN multiplies. */
    final TileProducts ownCode;

    /** Null where oneDNN multiplies. */
    final TileLayout tiles;

    private final ProductSpec spec;
    private final long packedBytes;

    /** By {@link #place}. */
    private volatile Kernel[] kernels = new Kernel[2 * REPRESENTATIVE_ROWS];

    Product(OneDnn oneDnn, Arena owner, ProductSpec spec) {
        this.oneDnn = oneDnn;
        this.spec = spec;
        this.ownCode = TileProducts.fit(spec) ? oneDnn.ownCode : null;
        if (ownCode != null) {
            layout = null;
            tiles = TileLayout.of(spec);
            packedBytes = tiles.bytes();
            return;
        }
        tiles = null;
        try (Arena arena = Arena.ofConfined()) {
            int plain = spec.transposedB() ? Dnnl.dnnl_ba() : Dnnl.dnnl_ab();
            int tag = spec.plainB() ? plain : Dnnl.dnnl_format_tag_any();
            MemorySegment b = Handles.matrix(arena, spec, spec.k(), spec.n(), spec.b(), tag);
            MemorySegment chosen = Handles.productFor(arena, spec, oneDnn.engine, REPRESENTATIVE_ROWS, false, b);
            layout = Handles.copyOfMatrix(
                    owner, spec, Dnnl.dnnl_primitive_desc_query_md(chosen, Dnnl.dnnl_query_weights_md(), 0));
        }
        packedBytes = Dnnl.dnnl_memory_desc_get_size(layout);
    }

    public ProductSpec spec() {
        return spec;
    }

    /** Bytes of B in the form in which the product reads it. */
    public long packedBytes() {
        return packedBytes;
    }

    /**
     * Packs B. Integers must be within {@link Isa#largestInt8Weight}, those of 7 bits within {@link Isa#LARGEST_7_BIT_WEIGHT}.
     *
     * @param rowMajor B {@code [k, n]} in its own type, native
     * @param packed native memory for the packed form, which must outlive the result, aligned to 4 bytes; 64 are fastest
     * @throws IllegalArgumentException if memory is too small, or integer weights too large for a processor without int8 units
     */
    public Weights pack(MemorySegment rowMajor, MemorySegment packed) {
        Sizes.check(spec, "B", rowMajor, spec.bBytes());
        Sizes.check(spec, "packed B", packed, packedBytes);
        checkExact(rowMajor);
        return oneDnn.whileOpen(() -> {
            if (ownCode != null) {
                tiles.pack(rowMajor, packed);
            } else {
                reorder(spec.b(), spec.n(), false, rowMajor, packed);
            }
            return new Weights(this, packed);
        });
    }

    /**
     * Says what sums of columns mean as floats, for {@link Binding#widen}: of column j {@code scales[from + j]}, and {@code sums[from + j]}, that times the sum of its weights.
     *
     * @param packed what {@link #pack} has written
     * @throws UnsupportedOperationException if the product is not {@linkplain #isOfOwnCode of our own code}
     */
    public void setMeaning(float[] scales, float[] sums, int from, MemorySegment packed) {
        if (ownCode == null) {
            throw new UnsupportedOperationException(spec + ": sums stay integers");
        }
        Sizes.check(spec, "packed B", packed, packedBytes);
        tiles.setMeaning(scales, sums, from, packed);
    }

    /**
     * Whether code of our own multiplies: then any number of rows takes what they take, so that none need be added, and {@link Binding#widen} makes floats
     * of sums.
     */
    public boolean isOfOwnCode() {
        return ownCode != null;
    }

    /** Whether {@link Binding#gate} can multiply: code of our own, and units in whole panels of 64. */
    public boolean gates() {
        return ownCode != null && tiles.hasWholeHalves();
    }

    /** Brings B, which lies row-major in a type, or its transpose, into the form in which the product reads it; rows there are so many elements apart. */
    private void reorder(DataType type, long stride, boolean transposed, MemorySegment source, MemorySegment packed) {
        try (Arena arena = Arena.ofConfined()) {
            long next = transposed ? 1 : stride;
            long across = transposed ? stride : 1;
            MemorySegment plain = Handles.strided(arena, spec, spec.k(), spec.n(), type, next, across);
            MemorySegment from = Handles.memory(arena, spec, oneDnn.engine, plain, source);
            MemorySegment to = Handles.memory(arena, spec, oneDnn.engine, layout, packed);
            MemorySegment chosen = Handles.reorderFor(arena, spec, oneDnn.engine, plain, layout);
            MemorySegment arguments = dnnl_exec_arg_t.allocateArray(2, arena);
            Handles.argument(arguments, 0, Dnnl.DNNL_ARG_SRC(), from);
            Handles.argument(arguments, 1, Dnnl.DNNL_ARG_DST(), to);
            OneDnnException.check(
                    Dnnl.dnnl_primitive_execute(
                            Handles.primitive(arena, spec, chosen), Handles.stream(arena, oneDnn.engine), 2, arguments),
                    "dnnl_primitive_execute (reorder)",
                    spec);
        }
    }

    /**
     * Packs floats, rounded to nearest. Memory of {@link #weights} may be written anew, as after a step of training, while nobody multiplies
     * by them.
     *
     * @param source B {@code [k, n]} in float32, row-major and native; {@code [n, k]} if transposed
     * @param stride floats from one of its rows to the next: at least as many as it has columns
     * @throws IllegalArgumentException if B is of integers or not packed, rows overlap, or memory is too small
     */
    public void packFloats(MemorySegment source, int stride, boolean transposed, MemorySegment packed) {
        if (spec.plainB() || spec.b() != DataType.F32 && spec.b() != DataType.BF16) {
            throw new IllegalArgumentException(spec + ": floats can be packed as F32 or BF16 only");
        }
        int rows = transposed ? spec.n() : spec.k();
        int columns = transposed ? spec.k() : spec.n();
        if (stride < columns) {
            throw new IllegalArgumentException(
                    spec + ": rows of " + columns + " floats cannot be " + stride + " floats apart");
        }
        Sizes.check(spec, "float B", source, ((rows - 1L) * stride + columns) * Float.BYTES);
        Sizes.check(spec, "packed B", packed, packedBytes);
        oneDnn.whileOpen(() -> {
            reorder(DataType.F32, stride, transposed, source, packed);
            return null;
        });
    }

    /**
     * B that already lies in the form in which the product reads it; the memory must outlive the result. Plain integers are
     * checked as in {@link #pack}; packed ones were then.
     */
    public Weights weights(MemorySegment packed) {
        Sizes.check(spec, spec.plainB() ? "B" : "packed B", packed, packedBytes);
        if (spec.plainB()) {
            checkExact(packed);
        }
        return oneDnn.whileOpen(() -> new Weights(this, packed));
    }

    /** Sums that saturate, or of pairs that leave their 8 bits, would be silently wrong. */
    private void checkExact(MemorySegment rowMajor) {
        boolean anyFits = spec.b() == DataType.S8 && oneDnn.isa().hasInt8();
        if (anyFits || spec.b() != DataType.S8 && spec.b() != DataType.S7) {
            return;
        }
        int largest = Isa.LARGEST_7_BIT_WEIGHT;
        for (long i = 0; i < spec.bBytes(); i++) {
            int weight = rowMajor.get(ValueLayout.JAVA_BYTE, i);
            if (Math.abs(weight) > largest) {
                String reason = spec.b() == DataType.S7
                        ? " takes more than 7 bits"
                        : " is too large for " + oneDnn.isa() + ", whose sums of two products saturate";
                throw new IllegalArgumentException(
                        spec + ": weight " + weight + reason + "; it must be within -" + largest + " to " + largest);
            }
        }
    }

    /** Bytes of scratch that a call with a number of rows needs. Compiles its kernel, so this warms it too. */
    public long scratchBytes(int rows) {
        if (ownCode == null) {
            return kernel(rows, false).scratchBytes;
        }
        checkRows(rows);
        return oneDnn.whileOpen(() -> TileProducts.scratchBytes(rows));
    }

    /** What oneDNN calls the implementation that it chose for a number of rows, such as {@code brg_matmul:avx512_core_vnni}. */
    public String implementation(int rows) {
        return ownCode == null ? kernel(rows, false).implementation : oneDnn.whileOpen(() -> TileProducts.NAME);
    }

    void checkRows(int rows) {
        if (rows < 1 || rows > MAX_ROWS) {
            throw new IllegalArgumentException(spec + ": " + rows + " rows, but there must be 1 to " + MAX_ROWS);
        }
    }

    Kernel kernel(int rows, boolean adds) {
        checkRows(rows);
        Kernel kernel = find(rows, adds);
        return kernel != null ? kernel : oneDnn.compile(this, rows, adds);
    }

    Kernel find(int rows, boolean adds) {
        Kernel[] table = kernels;
        int place = place(rows, adds);
        return place < table.length ? table[place] : null;
    }

    private static int place(int rows, boolean adds) {
        return 2 * rows + (adds ? 1 : 0);
    }

    /** Called by the cache under its lock; readers see the old table or the new one. */
    void put(int rows, boolean adds, Kernel kernel) {
        int place = place(rows, adds);
        Kernel[] table = Arrays.copyOf(kernels, Math.max(kernels.length, place + 1));
        table[place] = kernel;
        kernels = table;
    }

    @Override
    public String toString() {
        return spec.toString();
    }
}
