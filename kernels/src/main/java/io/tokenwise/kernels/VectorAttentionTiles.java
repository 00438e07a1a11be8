package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;
import static io.tokenwise.kernels.VectorTiles.PANEL;
import static io.tokenwise.kernels.VectorTiles.TALL;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Weights times values. It differs from {@link VectorTiles} in that A, on the heap, has its inner dimension outermost, {@code [depth, PANEL]},
 * with a few neighbouring columns as rows of the product, and in that rows of B may have any stride. The loops are written
 * out for the reasons given there.
 */
final class VectorAttentionTiles {
    private static final int SHORT = 4;

    private VectorAttentionTiles() {}

    /**
     * {@code out[r, c] = factors[r] * sum_p a[p, r] b[p, c]}, the factors being on the heap with A. It writes PANEL columns, and 4 or TALL rows,
     * which is {@link #rowsWritten}. Strides are in bytes.
     */
    static void tile(
            int rows,
            float[] a,
            int aBase,
            MemorySegment b,
            long bBase,
            long bStride,
            int depth,
            int factors,
            MemorySegment out,
            long outBase,
            long outStride) {
        if (rows > SHORT) {
            tile8(a, aBase, b, bBase, bStride, depth, factors, out, outBase, outStride);
        } else {
            tile4(a, aBase, b, bBase, bStride, depth, factors, out, outBase, outStride);
        }
    }

    static int rowsWritten(int rows) {
        return rows > SHORT ? TALL : SHORT;
    }

    private static void tile8(
            float[] a,
            int aBase,
            MemorySegment b,
            long bBase,
            long bStride,
            int depth,
            int factors,
            MemorySegment out,
            long outBase,
            long outStride) {
        b = Floats.exactlyNative(b);
        out = Floats.exactlyNative(out);
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
            long at = bBase + p * bStride;
            FloatVector b0 = FloatVector.fromMemorySegment(F, b, at, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(F, b, at + LANES * Float.BYTES, ORDER);
            int from = aBase + p * PANEL;
            FloatVector x0 = FloatVector.broadcast(F, a[from]);
            s0 = x0.fma(b0, s0);
            t0 = x0.fma(b1, t0);
            FloatVector x1 = FloatVector.broadcast(F, a[from + 1]);
            s1 = x1.fma(b0, s1);
            t1 = x1.fma(b1, t1);
            FloatVector x2 = FloatVector.broadcast(F, a[from + 2]);
            s2 = x2.fma(b0, s2);
            t2 = x2.fma(b1, t2);
            FloatVector x3 = FloatVector.broadcast(F, a[from + 3]);
            s3 = x3.fma(b0, s3);
            t3 = x3.fma(b1, t3);
            FloatVector x4 = FloatVector.broadcast(F, a[from + 4]);
            s4 = x4.fma(b0, s4);
            t4 = x4.fma(b1, t4);
            FloatVector x5 = FloatVector.broadcast(F, a[from + 5]);
            s5 = x5.fma(b0, s5);
            t5 = x5.fma(b1, t5);
            FloatVector x6 = FloatVector.broadcast(F, a[from + 6]);
            s6 = x6.fma(b0, s6);
            t6 = x6.fma(b1, t6);
            FloatVector x7 = FloatVector.broadcast(F, a[from + 7]);
            s7 = x7.fma(b0, s7);
            t7 = x7.fma(b1, t7);
        }
        s0.mul(a[factors]).intoMemorySegment(out, outBase, ORDER);
        t0.mul(a[factors]).intoMemorySegment(out, outBase + LANES * Float.BYTES, ORDER);
        s1.mul(a[factors + 1]).intoMemorySegment(out, outBase + outStride, ORDER);
        t1.mul(a[factors + 1]).intoMemorySegment(out, outBase + outStride + LANES * Float.BYTES, ORDER);
        s2.mul(a[factors + 2]).intoMemorySegment(out, outBase + 2 * outStride, ORDER);
        t2.mul(a[factors + 2]).intoMemorySegment(out, outBase + 2 * outStride + LANES * Float.BYTES, ORDER);
        s3.mul(a[factors + 3]).intoMemorySegment(out, outBase + 3 * outStride, ORDER);
        t3.mul(a[factors + 3]).intoMemorySegment(out, outBase + 3 * outStride + LANES * Float.BYTES, ORDER);
        s4.mul(a[factors + 4]).intoMemorySegment(out, outBase + 4 * outStride, ORDER);
        t4.mul(a[factors + 4]).intoMemorySegment(out, outBase + 4 * outStride + LANES * Float.BYTES, ORDER);
        s5.mul(a[factors + 5]).intoMemorySegment(out, outBase + 5 * outStride, ORDER);
        t5.mul(a[factors + 5]).intoMemorySegment(out, outBase + 5 * outStride + LANES * Float.BYTES, ORDER);
        s6.mul(a[factors + 6]).intoMemorySegment(out, outBase + 6 * outStride, ORDER);
        t6.mul(a[factors + 6]).intoMemorySegment(out, outBase + 6 * outStride + LANES * Float.BYTES, ORDER);
        s7.mul(a[factors + 7]).intoMemorySegment(out, outBase + 7 * outStride, ORDER);
        t7.mul(a[factors + 7]).intoMemorySegment(out, outBase + 7 * outStride + LANES * Float.BYTES, ORDER);
    }

    private static void tile4(
            float[] a,
            int aBase,
            MemorySegment b,
            long bBase,
            long bStride,
            int depth,
            int factors,
            MemorySegment out,
            long outBase,
            long outStride) {
        b = Floats.exactlyNative(b);
        out = Floats.exactlyNative(out);
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
            long at = bBase + p * bStride;
            FloatVector b0 = FloatVector.fromMemorySegment(F, b, at, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(F, b, at + LANES * Float.BYTES, ORDER);
            int from = aBase + p * PANEL;
            FloatVector x0 = FloatVector.broadcast(F, a[from]);
            s0 = x0.fma(b0, s0);
            t0 = x0.fma(b1, t0);
            FloatVector x1 = FloatVector.broadcast(F, a[from + 1]);
            s1 = x1.fma(b0, s1);
            t1 = x1.fma(b1, t1);
            FloatVector x2 = FloatVector.broadcast(F, a[from + 2]);
            s2 = x2.fma(b0, s2);
            t2 = x2.fma(b1, t2);
            FloatVector x3 = FloatVector.broadcast(F, a[from + 3]);
            s3 = x3.fma(b0, s3);
            t3 = x3.fma(b1, t3);
        }
        s0.mul(a[factors]).intoMemorySegment(out, outBase, ORDER);
        t0.mul(a[factors]).intoMemorySegment(out, outBase + LANES * Float.BYTES, ORDER);
        s1.mul(a[factors + 1]).intoMemorySegment(out, outBase + outStride, ORDER);
        t1.mul(a[factors + 1]).intoMemorySegment(out, outBase + outStride + LANES * Float.BYTES, ORDER);
        s2.mul(a[factors + 2]).intoMemorySegment(out, outBase + 2 * outStride, ORDER);
        t2.mul(a[factors + 2]).intoMemorySegment(out, outBase + 2 * outStride + LANES * Float.BYTES, ORDER);
        s3.mul(a[factors + 3]).intoMemorySegment(out, outBase + 3 * outStride, ORDER);
        t3.mul(a[factors + 3]).intoMemorySegment(out, outBase + 3 * outStride + LANES * Float.BYTES, ORDER);
    }
}
