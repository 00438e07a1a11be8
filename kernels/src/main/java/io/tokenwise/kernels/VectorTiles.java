package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The innermost loops of every matrix product: a few rows of A, row-major on the heap with the constant stride {@link #DEPTH}, times one
 * packed panel of B in native memory, {@code [depth, PANEL]}. Each element is a chain of fused multiply-adds over ascending k, whatever the
 * tile, so that its bits do not depend on which tile computed it.
 *
 * <p>A is read from the heap because the rows are gathered anyway and because broadcasts then need one index register and constant
 * displacements; B is read where it lies because a copy would double the memory traffic of short inputs.
 */
final class VectorTiles {
    /** Columns of a panel: two vectors, so that each broadcast of A serves two multiply-adds. */
    static final int PANEL = 2 * LANES;

    /** Steps of k that one block sums before it is added to the total; also the stride of rows of A. A multiple of every PANEL. */
    static final int DEPTH = 384;

    /**
     * Rows of the tall tile. Latency (4 cycles) x throughput (2 a cycle) / 2 vectors = 4 rows hide the latency; 8 rows also keep the loads of B
     * and A within the two a cycle that the CPU has. Measured at K = 384 on Zen 5, GFLOP/s: 4 rows 230, 6 to 10 rows 253 to 256 (the peak), 12
     * rows 47 since C2 stops inlining. Without AVX-512 there are 16 registers and C2 spills: 4 rows 119, 6 to 10 rows 57 to 61.
     */
    static final int TALL = LANES == 16 ? 8 : 4;

    private static final int MIDDLE = 6;

    /** Fewer rows would not be faster: each multiply-add would wait for the one before. */
    private static final int SHORT = 4;

    /** Panels of {@link #row}. */
    static final int WIDE = 4;

    private VectorTiles() {}

    /**
     * Rows of the next tile when {@code rows} remain, such that all tiles together compute the fewest rows: 8 while that lasts, but
     * 6 and 4, not 8 and 4, for the last 9 or 10.
     */
    static int next(int rows) {
        return rows > TALL && rows <= MIDDLE + SHORT && TALL > MIDDLE ? MIDDLE : Math.min(rows, TALL);
    }

    /** {@code rows} (at most TALL) by PANEL; rows of A and out must exist up to TALL, and those past {@code rows} receive nonsense. */
    static void tile(
            int rows,
            float[] a,
            int aBase,
            MemorySegment b,
            long bBase,
            int depth,
            float[] out,
            int outBase,
            int outStride,
            boolean add) {
        if (rows > MIDDLE) {
            tile8(a, aBase, b, bBase, depth, out, outBase, outStride, add);
        } else if (rows > SHORT) {
            tile6(a, aBase, b, bBase, depth, out, outBase, outStride, add);
        } else {
            tile4(a, aBase, b, bBase, depth, out, outBase, outStride, add);
        }
    }

    // The loads, sums and stores of a tile are written out: C2 stops inlining small methods of our own in bodies this
    // large, and a vector that
    // crosses a real call is boxed (47 instead of 253 GFLOP/s).

    private static void tile8(
            float[] a,
            int aBase,
            MemorySegment b,
            long bBase,
            int depth,
            float[] out,
            int outBase,
            int outStride,
            boolean add) {
        b = Floats.exactlyNative(b);
        FloatVector zero = FloatVector.zero(F);
        FloatVector s0 = zero;
        FloatVector t0 = zero;
        FloatVector s1 = zero;
        FloatVector t1 = zero;
        FloatVector s2 = zero;
        FloatVector t2 = zero;
        FloatVector s3 = zero;
        FloatVector t3 = zero;
        FloatVector s4 = zero;
        FloatVector t4 = zero;
        FloatVector s5 = zero;
        FloatVector t5 = zero;
        FloatVector s6 = zero;
        FloatVector t6 = zero;
        FloatVector s7 = zero;
        FloatVector t7 = zero;
        for (int p = 0; p < depth; p++) {
            long at = bBase + (long) p * (PANEL * Float.BYTES);
            FloatVector b0 = FloatVector.fromMemorySegment(F, b, at, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(F, b, at + LANES * Float.BYTES, ORDER);
            int from = aBase + p;
            FloatVector x0 = FloatVector.broadcast(F, a[from]);
            s0 = x0.fma(b0, s0);
            t0 = x0.fma(b1, t0);
            FloatVector x1 = FloatVector.broadcast(F, a[from + DEPTH]);
            s1 = x1.fma(b0, s1);
            t1 = x1.fma(b1, t1);
            FloatVector x2 = FloatVector.broadcast(F, a[from + 2 * DEPTH]);
            s2 = x2.fma(b0, s2);
            t2 = x2.fma(b1, t2);
            FloatVector x3 = FloatVector.broadcast(F, a[from + 3 * DEPTH]);
            s3 = x3.fma(b0, s3);
            t3 = x3.fma(b1, t3);
            FloatVector x4 = FloatVector.broadcast(F, a[from + 4 * DEPTH]);
            s4 = x4.fma(b0, s4);
            t4 = x4.fma(b1, t4);
            FloatVector x5 = FloatVector.broadcast(F, a[from + 5 * DEPTH]);
            s5 = x5.fma(b0, s5);
            t5 = x5.fma(b1, t5);
            FloatVector x6 = FloatVector.broadcast(F, a[from + 6 * DEPTH]);
            s6 = x6.fma(b0, s6);
            t6 = x6.fma(b1, t6);
            FloatVector x7 = FloatVector.broadcast(F, a[from + 7 * DEPTH]);
            s7 = x7.fma(b0, s7);
            t7 = x7.fma(b1, t7);
        }
        if (add) {
            s0 = FloatVector.fromArray(F, out, outBase).add(s0);
            t0 = FloatVector.fromArray(F, out, outBase + LANES).add(t0);
            s1 = FloatVector.fromArray(F, out, outBase + outStride).add(s1);
            t1 = FloatVector.fromArray(F, out, outBase + outStride + LANES).add(t1);
            s2 = FloatVector.fromArray(F, out, outBase + 2 * outStride).add(s2);
            t2 = FloatVector.fromArray(F, out, outBase + 2 * outStride + LANES).add(t2);
            s3 = FloatVector.fromArray(F, out, outBase + 3 * outStride).add(s3);
            t3 = FloatVector.fromArray(F, out, outBase + 3 * outStride + LANES).add(t3);
            s4 = FloatVector.fromArray(F, out, outBase + 4 * outStride).add(s4);
            t4 = FloatVector.fromArray(F, out, outBase + 4 * outStride + LANES).add(t4);
            s5 = FloatVector.fromArray(F, out, outBase + 5 * outStride).add(s5);
            t5 = FloatVector.fromArray(F, out, outBase + 5 * outStride + LANES).add(t5);
            s6 = FloatVector.fromArray(F, out, outBase + 6 * outStride).add(s6);
            t6 = FloatVector.fromArray(F, out, outBase + 6 * outStride + LANES).add(t6);
            s7 = FloatVector.fromArray(F, out, outBase + 7 * outStride).add(s7);
            t7 = FloatVector.fromArray(F, out, outBase + 7 * outStride + LANES).add(t7);
        }
        s0.intoArray(out, outBase);
        t0.intoArray(out, outBase + LANES);
        s1.intoArray(out, outBase + outStride);
        t1.intoArray(out, outBase + outStride + LANES);
        s2.intoArray(out, outBase + 2 * outStride);
        t2.intoArray(out, outBase + 2 * outStride + LANES);
        s3.intoArray(out, outBase + 3 * outStride);
        t3.intoArray(out, outBase + 3 * outStride + LANES);
        s4.intoArray(out, outBase + 4 * outStride);
        t4.intoArray(out, outBase + 4 * outStride + LANES);
        s5.intoArray(out, outBase + 5 * outStride);
        t5.intoArray(out, outBase + 5 * outStride + LANES);
        s6.intoArray(out, outBase + 6 * outStride);
        t6.intoArray(out, outBase + 6 * outStride + LANES);
        s7.intoArray(out, outBase + 7 * outStride);
        t7.intoArray(out, outBase + 7 * outStride + LANES);
    }

    private static void tile6(
            float[] a,
            int aBase,
            MemorySegment b,
            long bBase,
            int depth,
            float[] out,
            int outBase,
            int outStride,
            boolean add) {
        b = Floats.exactlyNative(b);
        FloatVector zero = FloatVector.zero(F);
        FloatVector s0 = zero;
        FloatVector t0 = zero;
        FloatVector s1 = zero;
        FloatVector t1 = zero;
        FloatVector s2 = zero;
        FloatVector t2 = zero;
        FloatVector s3 = zero;
        FloatVector t3 = zero;
        FloatVector s4 = zero;
        FloatVector t4 = zero;
        FloatVector s5 = zero;
        FloatVector t5 = zero;
        for (int p = 0; p < depth; p++) {
            long at = bBase + (long) p * (PANEL * Float.BYTES);
            FloatVector b0 = FloatVector.fromMemorySegment(F, b, at, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(F, b, at + LANES * Float.BYTES, ORDER);
            int from = aBase + p;
            FloatVector x0 = FloatVector.broadcast(F, a[from]);
            s0 = x0.fma(b0, s0);
            t0 = x0.fma(b1, t0);
            FloatVector x1 = FloatVector.broadcast(F, a[from + DEPTH]);
            s1 = x1.fma(b0, s1);
            t1 = x1.fma(b1, t1);
            FloatVector x2 = FloatVector.broadcast(F, a[from + 2 * DEPTH]);
            s2 = x2.fma(b0, s2);
            t2 = x2.fma(b1, t2);
            FloatVector x3 = FloatVector.broadcast(F, a[from + 3 * DEPTH]);
            s3 = x3.fma(b0, s3);
            t3 = x3.fma(b1, t3);
            FloatVector x4 = FloatVector.broadcast(F, a[from + 4 * DEPTH]);
            s4 = x4.fma(b0, s4);
            t4 = x4.fma(b1, t4);
            FloatVector x5 = FloatVector.broadcast(F, a[from + 5 * DEPTH]);
            s5 = x5.fma(b0, s5);
            t5 = x5.fma(b1, t5);
        }
        if (add) {
            s0 = FloatVector.fromArray(F, out, outBase).add(s0);
            t0 = FloatVector.fromArray(F, out, outBase + LANES).add(t0);
            s1 = FloatVector.fromArray(F, out, outBase + outStride).add(s1);
            t1 = FloatVector.fromArray(F, out, outBase + outStride + LANES).add(t1);
            s2 = FloatVector.fromArray(F, out, outBase + 2 * outStride).add(s2);
            t2 = FloatVector.fromArray(F, out, outBase + 2 * outStride + LANES).add(t2);
            s3 = FloatVector.fromArray(F, out, outBase + 3 * outStride).add(s3);
            t3 = FloatVector.fromArray(F, out, outBase + 3 * outStride + LANES).add(t3);
            s4 = FloatVector.fromArray(F, out, outBase + 4 * outStride).add(s4);
            t4 = FloatVector.fromArray(F, out, outBase + 4 * outStride + LANES).add(t4);
            s5 = FloatVector.fromArray(F, out, outBase + 5 * outStride).add(s5);
            t5 = FloatVector.fromArray(F, out, outBase + 5 * outStride + LANES).add(t5);
        }
        s0.intoArray(out, outBase);
        t0.intoArray(out, outBase + LANES);
        s1.intoArray(out, outBase + outStride);
        t1.intoArray(out, outBase + outStride + LANES);
        s2.intoArray(out, outBase + 2 * outStride);
        t2.intoArray(out, outBase + 2 * outStride + LANES);
        s3.intoArray(out, outBase + 3 * outStride);
        t3.intoArray(out, outBase + 3 * outStride + LANES);
        s4.intoArray(out, outBase + 4 * outStride);
        t4.intoArray(out, outBase + 4 * outStride + LANES);
        s5.intoArray(out, outBase + 5 * outStride);
        t5.intoArray(out, outBase + 5 * outStride + LANES);
    }

    private static void tile4(
            float[] a,
            int aBase,
            MemorySegment b,
            long bBase,
            int depth,
            float[] out,
            int outBase,
            int outStride,
            boolean add) {
        b = Floats.exactlyNative(b);
        FloatVector zero = FloatVector.zero(F);
        FloatVector s0 = zero;
        FloatVector t0 = zero;
        FloatVector s1 = zero;
        FloatVector t1 = zero;
        FloatVector s2 = zero;
        FloatVector t2 = zero;
        FloatVector s3 = zero;
        FloatVector t3 = zero;
        for (int p = 0; p < depth; p++) {
            long at = bBase + (long) p * (PANEL * Float.BYTES);
            FloatVector b0 = FloatVector.fromMemorySegment(F, b, at, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(F, b, at + LANES * Float.BYTES, ORDER);
            int from = aBase + p;
            FloatVector x0 = FloatVector.broadcast(F, a[from]);
            s0 = x0.fma(b0, s0);
            t0 = x0.fma(b1, t0);
            FloatVector x1 = FloatVector.broadcast(F, a[from + DEPTH]);
            s1 = x1.fma(b0, s1);
            t1 = x1.fma(b1, t1);
            FloatVector x2 = FloatVector.broadcast(F, a[from + 2 * DEPTH]);
            s2 = x2.fma(b0, s2);
            t2 = x2.fma(b1, t2);
            FloatVector x3 = FloatVector.broadcast(F, a[from + 3 * DEPTH]);
            s3 = x3.fma(b0, s3);
            t3 = x3.fma(b1, t3);
        }
        if (add) {
            s0 = FloatVector.fromArray(F, out, outBase).add(s0);
            t0 = FloatVector.fromArray(F, out, outBase + LANES).add(t0);
            s1 = FloatVector.fromArray(F, out, outBase + outStride).add(s1);
            t1 = FloatVector.fromArray(F, out, outBase + outStride + LANES).add(t1);
            s2 = FloatVector.fromArray(F, out, outBase + 2 * outStride).add(s2);
            t2 = FloatVector.fromArray(F, out, outBase + 2 * outStride + LANES).add(t2);
            s3 = FloatVector.fromArray(F, out, outBase + 3 * outStride).add(s3);
            t3 = FloatVector.fromArray(F, out, outBase + 3 * outStride + LANES).add(t3);
        }
        s0.intoArray(out, outBase);
        t0.intoArray(out, outBase + LANES);
        s1.intoArray(out, outBase + outStride);
        t1.intoArray(out, outBase + outStride + LANES);
        s2.intoArray(out, outBase + 2 * outStride);
        t2.intoArray(out, outBase + 2 * outStride + LANES);
        s3.intoArray(out, outBase + 3 * outStride);
        t3.intoArray(out, outBase + 3 * outStride + LANES);
    }

    /**
     * One row times {@link #WIDE} neighbouring panels, {@code panelBytes} apart: {@code [1, WIDE * PANEL]} to out. A row alone waits for memory, or
     * for the multiply-add before; four panels are four streams for the CPU to fetch ahead and eight sums that do not wait for each other.
     */
    static void row(
            float[] a,
            int aBase,
            MemorySegment b,
            long bBase,
            long panelBytes,
            int depth,
            float[] out,
            int outBase,
            boolean add) {
        b = Floats.exactlyNative(b);
        FloatVector zero = FloatVector.zero(F);
        FloatVector s0 = zero;
        FloatVector t0 = zero;
        FloatVector s1 = zero;
        FloatVector t1 = zero;
        FloatVector s2 = zero;
        FloatVector t2 = zero;
        FloatVector s3 = zero;
        FloatVector t3 = zero;
        for (int p = 0; p < depth; p++) {
            FloatVector x = FloatVector.broadcast(F, a[aBase + p]);
            long at0 = bBase + (long) p * (PANEL * Float.BYTES);
            s0 = x.fma(FloatVector.fromMemorySegment(F, b, at0, ORDER), s0);
            t0 = x.fma(FloatVector.fromMemorySegment(F, b, at0 + LANES * Float.BYTES, ORDER), t0);
            long at1 = at0 + panelBytes;
            s1 = x.fma(FloatVector.fromMemorySegment(F, b, at1, ORDER), s1);
            t1 = x.fma(FloatVector.fromMemorySegment(F, b, at1 + LANES * Float.BYTES, ORDER), t1);
            long at2 = at1 + panelBytes;
            s2 = x.fma(FloatVector.fromMemorySegment(F, b, at2, ORDER), s2);
            t2 = x.fma(FloatVector.fromMemorySegment(F, b, at2 + LANES * Float.BYTES, ORDER), t2);
            long at3 = at2 + panelBytes;
            s3 = x.fma(FloatVector.fromMemorySegment(F, b, at3, ORDER), s3);
            t3 = x.fma(FloatVector.fromMemorySegment(F, b, at3 + LANES * Float.BYTES, ORDER), t3);
        }
        if (add) {
            s0 = FloatVector.fromArray(F, out, outBase + 0 * LANES).add(s0);
            t0 = FloatVector.fromArray(F, out, outBase + 1 * LANES).add(t0);
            s1 = FloatVector.fromArray(F, out, outBase + 2 * LANES).add(s1);
            t1 = FloatVector.fromArray(F, out, outBase + 3 * LANES).add(t1);
            s2 = FloatVector.fromArray(F, out, outBase + 4 * LANES).add(s2);
            t2 = FloatVector.fromArray(F, out, outBase + 5 * LANES).add(t2);
            s3 = FloatVector.fromArray(F, out, outBase + 6 * LANES).add(s3);
            t3 = FloatVector.fromArray(F, out, outBase + 7 * LANES).add(t3);
        }
        s0.intoArray(out, outBase + 0 * LANES);
        t0.intoArray(out, outBase + 1 * LANES);
        s1.intoArray(out, outBase + 2 * LANES);
        t1.intoArray(out, outBase + 3 * LANES);
        s2.intoArray(out, outBase + 4 * LANES);
        t2.intoArray(out, outBase + 5 * LANES);
        s3.intoArray(out, outBase + 6 * LANES);
        t3.intoArray(out, outBase + 7 * LANES);
    }

    /**
     * The same for two rows: {@code [WIDE, 2, PANEL]} to out, for k of at most DEPTH. Its 16 sums, loads and broadcasts need the 32 registers of
     * AVX-512.
     */
    static void pair(
            float[] a, int aBase, MemorySegment b, long bBase, long panelBytes, int depth, float[] out, int outBase) {
        b = Floats.exactlyNative(b);
        FloatVector zero = FloatVector.zero(F);
        FloatVector s0 = zero;
        FloatVector t0 = zero;
        FloatVector s1 = zero;
        FloatVector t1 = zero;
        FloatVector s2 = zero;
        FloatVector t2 = zero;
        FloatVector s3 = zero;
        FloatVector t3 = zero;
        FloatVector s4 = zero;
        FloatVector t4 = zero;
        FloatVector s5 = zero;
        FloatVector t5 = zero;
        FloatVector s6 = zero;
        FloatVector t6 = zero;
        FloatVector s7 = zero;
        FloatVector t7 = zero;
        for (int p = 0; p < depth; p++) {
            FloatVector x = FloatVector.broadcast(F, a[aBase + p]);
            FloatVector y = FloatVector.broadcast(F, a[aBase + DEPTH + p]);
            long at0 = bBase + (long) p * (PANEL * Float.BYTES);
            FloatVector b0 = FloatVector.fromMemorySegment(F, b, at0, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(F, b, at0 + LANES * Float.BYTES, ORDER);
            s0 = x.fma(b0, s0);
            t0 = x.fma(b1, t0);
            s1 = y.fma(b0, s1);
            t1 = y.fma(b1, t1);
            long at1 = at0 + panelBytes;
            FloatVector b2 = FloatVector.fromMemorySegment(F, b, at1, ORDER);
            FloatVector b3 = FloatVector.fromMemorySegment(F, b, at1 + LANES * Float.BYTES, ORDER);
            s2 = x.fma(b2, s2);
            t2 = x.fma(b3, t2);
            s3 = y.fma(b2, s3);
            t3 = y.fma(b3, t3);
            long at2 = at1 + panelBytes;
            FloatVector b4 = FloatVector.fromMemorySegment(F, b, at2, ORDER);
            FloatVector b5 = FloatVector.fromMemorySegment(F, b, at2 + LANES * Float.BYTES, ORDER);
            s4 = x.fma(b4, s4);
            t4 = x.fma(b5, t4);
            s5 = y.fma(b4, s5);
            t5 = y.fma(b5, t5);
            long at3 = at2 + panelBytes;
            FloatVector b6 = FloatVector.fromMemorySegment(F, b, at3, ORDER);
            FloatVector b7 = FloatVector.fromMemorySegment(F, b, at3 + LANES * Float.BYTES, ORDER);
            s6 = x.fma(b6, s6);
            t6 = x.fma(b7, t6);
            s7 = y.fma(b6, s7);
            t7 = y.fma(b7, t7);
        }
        s0.intoArray(out, outBase + 0 * PANEL);
        t0.intoArray(out, outBase + 0 * PANEL + LANES);
        s1.intoArray(out, outBase + 1 * PANEL);
        t1.intoArray(out, outBase + 1 * PANEL + LANES);
        s2.intoArray(out, outBase + 2 * PANEL);
        t2.intoArray(out, outBase + 2 * PANEL + LANES);
        s3.intoArray(out, outBase + 3 * PANEL);
        t3.intoArray(out, outBase + 3 * PANEL + LANES);
        s4.intoArray(out, outBase + 4 * PANEL);
        t4.intoArray(out, outBase + 4 * PANEL + LANES);
        s5.intoArray(out, outBase + 5 * PANEL);
        t5.intoArray(out, outBase + 5 * PANEL + LANES);
        s6.intoArray(out, outBase + 6 * PANEL);
        t6.intoArray(out, outBase + 6 * PANEL + LANES);
        s7.intoArray(out, outBase + 7 * PANEL);
        t7.intoArray(out, outBase + 7 * PANEL + LANES);
    }
}
