package io.tokenwise.natives;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Products of bytes by code of our own, on AMD's CPUs with AVX-512 VNNI: those of {@link DataType#U8} and {@link DataType#S8} by one instruction for four inputs of 16
 * columns, as oneDNN's, but the weights that come next are asked for while the rows that are there take their turns. Those of {@link DataType#U7} and
 * {@link DataType#S7} take half the multiplications, since such a CPU adds twice as many vectors of bytes in a cycle as it multiplies. With inputs in pairs
 * {@code q1 w1 + q2 w2 = (q1 + w2)(q2 + w1) - q1 q2 - w1 w2}, where the last two belong to a row and to a column alone (Winograd, "A new algorithm for
 * inner product", IEEE Transactions on Computers C-17, 1968). Sums of 7 bits fit 8, of which one factor must be unsigned and one signed:
 * {@code (q1 + w2 + 64)(q2 + w1 - 64)}. All sums are exact.
 *
 * <p>A step is eight inputs: four q1, then four q2. B lies as {@link TileLayout} says. Thread-safe.
 */
final class TileProducts {
    static final String NAME = "own code";

    /** What a call reads, and behind it what belongs to each row. */
    private static final long TERMS_OFFSET = Math.ceilDiv(TileField.BYTES, 64) * 64L;

    /** A function reads the first argument alone; of the others the memory stays while it runs. */
    private static final MethodHandle CALL = Linker.nativeLinker()
            .downcallHandle(FunctionDescriptor.ofVoid(ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS));

    private static final WidenedRows NOTHING = new WidenedRows();

    private final MemorySegment rowTerms;

    /** By the number of a panel's vectors, less one. */
    private final MemorySegment[] plain;

    private final MemorySegment[] inPairs;

    /** Of whole panels. */
    private final MemorySegment gated;

    private final MemorySegment gatedInPairs;

    private TileProducts(Arena owner) {
        rowTerms = code(owner, RowTermsCode.write());
        plain = panels(owner, false);
        inPairs = panels(owner, true);
        gated = code(owner, TileCode.gatedPanels(false));
        gatedInPairs = code(owner, TileCode.gatedPanels(true));
    }

    /** In the global scope, so that calling it needs no reference count that threads would share: bindings are closed before the library's arena. */
    private static MemorySegment code(Arena owner, byte[] bytes) {
        return MemorySegment.ofAddress(Pages.executable(owner, bytes).address());
    }

    private static MemorySegment[] panels(Arena owner, boolean inPairs) {
        var codes = new MemorySegment[TileLayout.PANEL_VECTORS];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = code(owner, TileCode.panels(inPairs, i + 1));
        }
        return codes;
    }

    /** Those of a CPU that they are faster on; null on others, and where the system allows no new code. The code is freed with the arena. */
    static TileProducts create(Arena owner, Isa isa) {
        if (!isa.includes(Isa.AVX512_CORE_VNNI) || isa.hasTiles() || !isAmd()) {
            return null;
        }
        try {
            return new TileProducts(owner);
        } catch (UnsupportedOperationException e) {
            return null;
        }
    }

    /** Where this was measured. Intel's cores with AVX-512 add as many vectors of bytes as they multiply, so that pairs would be slower there. */
    private static boolean isAmd() {
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.limit(8).anyMatch(line -> line.startsWith("vendor_id") && line.endsWith("AuthenticAMD"));
        } catch (IOException e) {
            return false;
        }
    }

    /** Whether a product has the types, and whole steps and vectors. */
    static boolean fit(ProductSpec spec) {
        return (spec.a() == DataType.U8 || spec.a() == DataType.U7)
                && !spec.plainB()
                && !spec.transposedA()
                && spec.k() % TileLayout.STEP == 0
                && spec.n() % TileLayout.LANES == 0;
    }

    static long scratchBytes(int rows) {
        return TERMS_OFFSET + (long) rows * TileCode.ROW_BYTES;
    }

    /** C = A B, or C += A B. Memory was checked by the caller, and stays meanwhile. */
    void run(
            ProductSpec spec,
            TileLayout layout,
            MemorySegment a,
            MemorySegment packed,
            MemorySegment c,
            int rows,
            boolean adds,
            MemorySegment scratch) {
        set(scratch, TileField.C_STRIDE_BYTES, (long) spec.cStride() * Integer.BYTES);
        set(scratch, TileField.TARGET, (adds ? TileTarget.ADDED_INTEGERS : TileTarget.INTEGERS).ordinal());
        multiply(spec, layout, a, packed, c.address(), rows, scratch, NOTHING);
    }

    /** {@link WidenedRows} of A B, whose memory stays meanwhile by this; all else as {@link #run}. */
    void widen(
            ProductSpec spec,
            TileLayout layout,
            MemorySegment a,
            MemorySegment packed,
            WidenedRows widened,
            int rows,
            int column,
            MemorySegment scratch) {
        setWidened(widened, rows, column, scratch);
        long y = widened.y.address() + widened.yAt;
        TileTarget target = widened.hasTable()
                ? TileTarget.ACTIVATIONS
                : widened.hasResidual() ? TileTarget.FLOATS_PLUS_RESIDUAL : TileTarget.FLOATS;
        set(scratch, TileField.TARGET, target.ordinal());
        set(scratch, TileField.RESIDUAL_DISTANCE, widened.residual.address() + widened.residualAt - y);
        multiply(spec, layout, a, packed, y + (long) column * Float.BYTES, rows, scratch, widened);
    }

    /** {@link WidenedRows} of units and gates side by side in B: each unit times the activation of its gate. From a unit to a unit, between which are whole panels. */
    void gate(
            ProductSpec spec,
            TileLayout layout,
            MemorySegment a,
            MemorySegment packed,
            WidenedRows widened,
            int rows,
            int from,
            int to,
            MemorySegment scratch) {
        if (from == to) {
            return;
        }
        setWidened(widened, rows, from, scratch);
        int units = layout.columns() / 2;
        set(scratch, TileField.GATES_DISTANCE, layout.offset(units));
        set(scratch, TileField.GATES_BIAS_DISTANCE, (long) units * Float.BYTES);
        setProduct(spec, layout, a, rows, scratch, widened);
        MemorySegment code = layout.inPairs() ? gatedInPairs : gated;
        int panels = (to - from) / TileLayout.PANEL_COLUMNS;
        long y = widened.y.address() + widened.yAt;
        multiplyPanels(code, layout, rows, from, TileLayout.PANEL_VECTORS, panels, packed, y, scratch, widened);
    }

    private static void setWidened(WidenedRows widened, int rows, int column, MemorySegment scratch) {
        for (int row = 0; row < rows; row++) {
            long at = TERMS_OFFSET + (long) row * TileCode.ROW_BYTES;
            scratch.set(JAVA_FLOAT, at + Integer.BYTES, widened.scale(row));
            scratch.set(JAVA_FLOAT, at + 2 * Integer.BYTES, widened.least(row));
        }
        set(scratch, TileField.C_STRIDE_BYTES, widened.strideBytes());
        set(scratch, TileField.BIAS, widened.bias.address() + widened.biasAt + (long) column * Float.BYTES);
        set(scratch, TileField.TABLE, widened.table().address());
    }

    private void setProduct(
            ProductSpec spec, TileLayout layout, MemorySegment a, int rows, MemorySegment scratch, WidenedRows kept) {
        int ints = spec.k() / Integer.BYTES;
        set(scratch, TileField.A, a.address());
        set(scratch, TileField.A_STRIDE_BYTES, spec.aStride());
        set(scratch, TileField.STEPS, spec.k() / TileLayout.STEP);
        set(scratch, TileField.ROWS, rows);
        set(scratch, TileField.ROW_TERMS, scratch.address() + TERMS_OFFSET);
        set(scratch, TileField.ROW_VECTORS, ints / TileLayout.LANES);
        set(scratch, TileField.ROW_REST, (1L << ints % TileLayout.LANES) - 1);
        if (layout.inPairs()) {
            call(rowTerms, scratch, kept);
        }
    }

    private void multiply(
            ProductSpec spec,
            TileLayout layout,
            MemorySegment a,
            MemorySegment packed,
            long c,
            int rows,
            MemorySegment scratch,
            WidenedRows kept) {
        setProduct(spec, layout, a, rows, scratch, kept);
        MemorySegment[] codes = layout.inPairs() ? inPairs : plain;
        int full = TileLayout.PANEL_VECTORS;
        multiplyPanels(codes[full - 1], layout, rows, 0, full, layout.fullPanels(), packed, c, scratch, kept);
        int rest = layout.restVectors();
        if (rest > 0) {
            int column = layout.fullPanels() * TileLayout.PANEL_COLUMNS;
            multiplyPanels(codes[rest - 1], layout, rows, column, rest, 1, packed, c, scratch, kept);
        }
    }

    /** Panels of so many vectors from a column on. */
    private static void multiplyPanels(
            MemorySegment code,
            TileLayout layout,
            int rows,
            int column,
            int vectors,
            int panels,
            MemorySegment packed,
            long c,
            MemorySegment scratch,
            WidenedRows kept) {
        if (panels == 0) {
            return;
        }
        set(scratch, TileField.PACKED, packed.address() + layout.offset(column));
        set(scratch, TileField.C, c + (long) column * Integer.BYTES);
        set(scratch, TileField.PANELS, panels);
        long panelBytes = layout.panelBytes(vectors);
        set(scratch, TileField.PANEL_BYTES, panelBytes);
        set(
                scratch,
                TileField.PREFETCHED_BYTES,
                TileCode.prefetchedBytes(panelBytes, layout.inputs() / TileLayout.STEP, rows));
        call(code, scratch, kept);
    }

    private static void set(MemorySegment scratch, TileField field, long value) {
        scratch.set(JAVA_LONG, field.offset(), value);
    }

    private static void call(MemorySegment function, MemorySegment scratch, WidenedRows kept) {
        try {
            CALL.invokeExact(function, scratch, kept.y, kept.bias, kept.residual, kept.table());
        } catch (RuntimeException e) {
            // The memory of y, the bias or the residual has been freed.
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
