package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** {@link RowOps#dots} with lanes along the rows: two rows meet four weights at a time, eight sums that do not wait for each other. */
final class VectorDots {
    private static final int GROUP = RowOps.DOTS_GROUP;

    private VectorDots() {}

    static void dots(
            Floats x, Floats w, Floats bias, int outputs, Floats y, int columns, int from, int to, Scratch scratch) {
        float[] sums = scratch.floats(2 * GROUP * LANES);
        for (int row = from; row < to; row += 2) {
            // The last of an odd number of rows is its own partner.
            int other = Math.min(row + 1, to - 1);
            for (int output = 0; output < outputs; output += GROUP) {
                group(x, row, other, w, output, columns, sums);
                finish(x, row, w, bias, output, outputs, columns, sums, 0, y);
                finish(x, other, w, bias, output, outputs, columns, sums, GROUP * LANES, y);
            }
        }
    }

    /** Sums by lanes: eight vectors. They leave through memory, since eight additions across lanes are too much for C2 to inline here. */
    private static void group(Floats x, int row, int other, Floats w, int output, int columns, float[] sums) {
        MemorySegment xMemory = x.segment();
        MemorySegment wMemory = w.segment();
        long a = x.at((long) row * columns);
        long b = x.at((long) other * columns);
        long stride = (long) columns * Float.BYTES;
        long w0 = w.at((long) output * columns);
        int whole = F.loopBound(columns);
        FloatVector a0 = FloatVector.zero(F);
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        FloatVector b0 = a0;
        FloatVector b1 = a0;
        FloatVector b2 = a0;
        FloatVector b3 = a0;
        for (int k = 0; k < whole; k += LANES) {
            long at = (long) k * Float.BYTES;
            FloatVector left = FloatVector.fromMemorySegment(F, xMemory, a + at, ORDER);
            FloatVector right = FloatVector.fromMemorySegment(F, xMemory, b + at, ORDER);
            FloatVector v0 = FloatVector.fromMemorySegment(F, wMemory, w0 + at, ORDER);
            FloatVector v1 = FloatVector.fromMemorySegment(F, wMemory, w0 + stride + at, ORDER);
            FloatVector v2 = FloatVector.fromMemorySegment(F, wMemory, w0 + 2 * stride + at, ORDER);
            FloatVector v3 = FloatVector.fromMemorySegment(F, wMemory, w0 + 3 * stride + at, ORDER);
            a0 = left.fma(v0, a0);
            a1 = left.fma(v1, a1);
            a2 = left.fma(v2, a2);
            a3 = left.fma(v3, a3);
            b0 = right.fma(v0, b0);
            b1 = right.fma(v1, b1);
            b2 = right.fma(v2, b2);
            b3 = right.fma(v3, b3);
        }
        a0.intoArray(sums, 0);
        a1.intoArray(sums, LANES);
        a2.intoArray(sums, 2 * LANES);
        a3.intoArray(sums, 3 * LANES);
        b0.intoArray(sums, 4 * LANES);
        b1.intoArray(sums, 5 * LANES);
        b2.intoArray(sums, 6 * LANES);
        b3.intoArray(sums, 7 * LANES);
    }

    /** Adds up a row's sums, what lies beyond the last whole vector, and the bias. */
    private static void finish(
            Floats x,
            int row,
            Floats w,
            Floats bias,
            int output,
            int outputs,
            int columns,
            float[] sums,
            int at,
            Floats y) {
        for (int i = output; i < Math.min(outputs, output + GROUP); i++, at += LANES) {
            float sum = Species.sum(FloatVector.fromArray(F, sums, at));
            for (int k = F.loopBound(columns); k < columns; k++) {
                sum = Math.fma(x.get((long) row * columns + k), w.get((long) i * columns + k), sum);
            }
            y.set((long) row * outputs + i, sum + bias.get(i));
        }
    }
}
