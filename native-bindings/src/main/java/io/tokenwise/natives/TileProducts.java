package io.tokenwise.natives;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tokenwise.natives.TileCode.Field;
import io.tokenwise.natives.TileCode.Target;
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
 * <p>A step is eight inputs: four q1, then four q2. B is packed by panels of up to 64 columns: first what each column's sum begins with, an int, and what
 * {@link #setMeaning} says of it, then for each step four w1 of each column and four w2, in pairs {@code w1 - 64} and {@code w2 + 64}. Thread-safe.
 */
final class TileProducts {
    static final String NAME = "own code";

    /** Inputs of a step. */
    private static final int STEP = 8;

    private static final int QUAD = STEP / 2;

    /** Columns of a vector of sums, and the most vectors of a panel. */
    private static final int LANES = 16;

    private static final int MOST_VECTORS = 4;
    private static final int SHIFT = 64;

    /** What a call reads, and behind it what belongs to each row. */
    private static final long TERMS_OFFSET = Math.ceilDiv(Field.BYTES, 64) * 64L;

    /** A function reads the first argument alone; of the others the memory stays while it runs. */
    private static final MethodHandle CALL =
            Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(ADDRESS, ADDRESS, ADDRESS, ADDRESS));

    private static final WidenedRows NOTHING = new WidenedRows();

    private final MemorySegment rowTerms;

    /** By the number of a panel's vectors, less one. */
    private final MemorySegment[] plain;

    private final MemorySegment[] inPairs;

    private TileProducts(Arena owner) {
        rowTerms = code(owner, TileCode.rowTerms());
        plain = panels(owner, false);
        inPairs = panels(owner, true);
    }

    /** In the global scope, so that calling it needs no reference count that threads would share: bindings are closed before the library's arena. */
    private static MemorySegment code(Arena owner, byte[] bytes) {
        return MemorySegment.ofAddress(Pages.executable(owner, bytes).address());
    }

    private static MemorySegment[] panels(Arena owner, boolean inPairs) {
        var codes = new MemorySegment[MOST_VECTORS];
        for (int i = 0; i < MOST_VECTORS; i++) {
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
                && spec.k() % STEP == 0
                && spec.n() % LANES == 0;
    }

    private static boolean isInPairs(ProductSpec spec) {
        return spec.b() == DataType.S7;
    }

    static long packedBytes(ProductSpec spec) {
        return panelOffset(spec, spec.n());
    }

    static long scratchBytes(int rows) {
        return TERMS_OFFSET + (long) rows * TileCode.ROW_BYTES;
    }

    /** Packs B {@code [k, n]}, in pairs of values from -64 to 64. */
    static void pack(ProductSpec spec, MemorySegment rowMajor, MemorySegment packed) {
        boolean pairs = isInPairs(spec);
        int shift = pairs ? SHIFT : 0;
        int columns = spec.n();
        var first = new byte[QUAD * columns];
        var second = new byte[QUAD * columns];
        var terms = new int[columns];
        for (int step = 0; step < spec.k() / STEP; step++) {
            long at = (long) step * STEP * columns;
            MemorySegment.copy(rowMajor, JAVA_BYTE, at, first, 0, first.length);
            MemorySegment.copy(rowMajor, JAVA_BYTE, at + first.length, second, 0, second.length);
            if (pairs) {
                addTerms(first, second, terms);
            }
            for (int column = 0; column < columns; column += MOST_VECTORS * LANES) {
                int width = Math.min(MOST_VECTORS * LANES, columns - column);
                long to = panelOffset(spec, column) + width * (TileCode.COLUMN_BYTES + (long) step * STEP);
                packQuad(first, columns, column, width, -shift, packed, to);
                packQuad(second, columns, column, width, shift, packed, to + (long) QUAD * width);
            }
        }
        for (int column = 0; column < columns; column += MOST_VECTORS * LANES) {
            int width = Math.min(MOST_VECTORS * LANES, columns - column);
            MemorySegment.copy(terms, column, packed, JAVA_INT, panelOffset(spec, column), width);
        }
    }

    /** What sums of columns mean as floats: packs the step of each column, and the sum of its weights in steps. */
    static void setMeaning(ProductSpec spec, float[] scales, float[] sums, int from, MemorySegment packed) {
        for (int column = 0; column < spec.n(); column += MOST_VECTORS * LANES) {
            int width = Math.min(MOST_VECTORS * LANES, spec.n() - column);
            long to = panelOffset(spec, column) + (long) width * Integer.BYTES;
            MemorySegment.copy(scales, from + column, packed, JAVA_FLOAT, to, width);
            MemorySegment.copy(sums, from + column, packed, JAVA_FLOAT, to + (long) width * Float.BYTES, width);
        }
    }

    /** Panels before a column are full. */
    private static long panelOffset(ProductSpec spec, int column) {
        return column * (TileCode.COLUMN_BYTES + (long) spec.k());
    }

    /** What a column's sum begins with: less {@code w1 w2}, and what the shifts made of its weights. */
    private static void addTerms(byte[] first, byte[] second, int[] terms) {
        for (int i = 0; i < QUAD; i++) {
            int at = i * terms.length;
            for (int j = 0; j < terms.length; j++) {
                int w1 = first[at + j];
                int w2 = second[at + j];
                terms[j] -= w1 * w2 + SHIFT * (w1 - w2);
            }
        }
    }

    private static void packQuad(
            byte[] quad, int columns, int column, int width, int shift, MemorySegment packed, long to) {
        var panel = new byte[QUAD * width];
        for (int i = 0; i < QUAD; i++) {
            for (int j = 0; j < width; j++) {
                panel[QUAD * j + i] = (byte) (quad[i * columns + column + j] + shift);
            }
        }
        MemorySegment.copy(panel, 0, packed, JAVA_BYTE, to, panel.length);
    }

    /** C = A B, or C += A B. Memory was checked by the caller, and stays meanwhile. */
    void run(
            ProductSpec spec,
            MemorySegment a,
            MemorySegment packed,
            MemorySegment c,
            int rows,
            boolean adds,
            MemorySegment scratch) {
        set(scratch, Field.C_STRIDE_BYTES, (long) spec.cStride() * Integer.BYTES);
        set(scratch, Field.TARGET, (adds ? Target.ADDED_INTEGERS : Target.INTEGERS).ordinal());
        multiply(spec, a, packed, c.address(), rows, scratch, NOTHING);
    }

    /** {@link WidenedRows} of A B, whose memory stays meanwhile by this; all else as {@link #run}. */
    void widen(
            ProductSpec spec,
            MemorySegment a,
            MemorySegment packed,
            WidenedRows widened,
            int rows,
            int column,
            MemorySegment scratch) {
        for (int row = 0; row < rows; row++) {
            long at = TERMS_OFFSET + (long) row * TileCode.ROW_BYTES;
            scratch.set(JAVA_FLOAT, at + Integer.BYTES, widened.scale(row));
            scratch.set(JAVA_FLOAT, at + 2 * Integer.BYTES, widened.least(row));
        }
        long y = widened.y.address() + widened.yAt;
        long offset = (long) column * Float.BYTES;
        set(scratch, Field.C_STRIDE_BYTES, widened.strideBytes());
        set(scratch, Field.TARGET, (widened.hasResidual() ? Target.FLOATS_PLUS_RESIDUAL : Target.FLOATS).ordinal());
        set(scratch, Field.BIAS, widened.bias.address() + widened.biasAt + offset);
        set(scratch, Field.RESIDUAL_DISTANCE, widened.residual.address() + widened.residualAt - y);
        multiply(spec, a, packed, y + offset, rows, scratch, widened);
    }

    private void multiply(
            ProductSpec spec,
            MemorySegment a,
            MemorySegment packed,
            long c,
            int rows,
            MemorySegment scratch,
            WidenedRows kept) {
        int quads = spec.k() / QUAD;
        set(scratch, Field.A, a.address());
        set(scratch, Field.A_STRIDE_BYTES, spec.aStride());
        set(scratch, Field.STEPS, spec.k() / STEP);
        set(scratch, Field.ROWS, rows);
        set(scratch, Field.ROW_TERMS, scratch.address() + TERMS_OFFSET);
        set(scratch, Field.ROW_VECTORS, quads / LANES);
        set(scratch, Field.ROW_REST, (1L << quads % LANES) - 1);
        MemorySegment[] codes = plain;
        if (isInPairs(spec)) {
            codes = inPairs;
            call(rowTerms, scratch, kept);
        }
        int full = spec.n() / (MOST_VECTORS * LANES);
        int rest = spec.n() / LANES % MOST_VECTORS;
        set(scratch, Field.PACKED, packed.address());
        set(scratch, Field.C, c);
        if (full > 0) {
            set(scratch, Field.PANELS, full);
            set(scratch, Field.PANEL_BYTES, panelOffset(spec, MOST_VECTORS * LANES));
            call(codes[MOST_VECTORS - 1], scratch, kept);
        }
        if (rest > 0) {
            int column = full * MOST_VECTORS * LANES;
            set(scratch, Field.PACKED, packed.address() + panelOffset(spec, column));
            set(scratch, Field.C, c + (long) column * Integer.BYTES);
            set(scratch, Field.PANELS, 1);
            set(scratch, Field.PANEL_BYTES, panelOffset(spec, rest * LANES));
            call(codes[rest - 1], scratch, kept);
        }
    }

    private static void set(MemorySegment scratch, Field field, long value) {
        scratch.set(JAVA_LONG, field.offset(), value);
    }

    private static void call(MemorySegment function, MemorySegment scratch, WidenedRows kept) {
        try {
            CALL.invokeExact(function, scratch, kept.y, kept.bias, kept.residual);
        } catch (RuntimeException e) {
            // The memory of y, the bias or the residual has been freed.
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
