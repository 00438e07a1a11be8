package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * {@link RowOps#dots} with lanes along the rows: four rows meet two weights at a time, eight sums that do not wait for each other. A gate has
 * as few as two weights, so more at a time would be for nothing.
 */
final class VectorDots {
    private static final int GROUP = RowOps.DOTS_GROUP;
    private static final int ROWS = 4;

    private VectorDots() {}

    static void dots(
            Floats x, Floats w, Floats bias, int outputs, Floats y, int columns, int from, int to, Scratch scratch) {
        float[] sums = scratch.floats(ROWS * GROUP * LANES);
        for (int row = from; row < to; row += ROWS) {
            for (int output = 0; output < outputs; output += GROUP) {
                group(x, row, to - 1, w, output, columns, sums);
                for (int i = 0; i < ROWS && row + i < to; i++) {
                    finish(x, row + i, w, bias, output, outputs, columns, sums, i * GROUP * LANES, y);
                }
            }
        }
    }

    /**
     * Sums by lanes: eight vectors. Beyond the last row it takes that again. They leave through memory, since eight additions across lanes are too
     * much for C2 to inline here.
     */
    private static void group(Floats x, int row, int last, Floats w, int output, int columns, float[] sums) {
        MemorySegment xMemory = x.segment();
        MemorySegment wMemory = w.segment();
        long a = x.at((long) row * columns);
        long b = x.at((long) Math.min(row + 1, last) * columns);
        long c = x.at((long) Math.min(row + 2, last) * columns);
        long d = x.at((long) Math.min(row + 3, last) * columns);
        long v = w.at((long) output * columns);
        long u = w.at((output + 1L) * columns);
        int whole = F.loopBound(columns);
        FloatVector a0 = FloatVector.zero(F);
        FloatVector a1 = a0;
        FloatVector b0 = a0;
        FloatVector b1 = a0;
        FloatVector c0 = a0;
        FloatVector c1 = a0;
        FloatVector d0 = a0;
        FloatVector d1 = a0;
        for (int k = 0; k < whole; k += LANES) {
            long at = (long) k * Float.BYTES;
            FloatVector w0 = FloatVector.fromMemorySegment(F, wMemory, v + at, ORDER);
            FloatVector w1 = FloatVector.fromMemorySegment(F, wMemory, u + at, ORDER);
            FloatVector first = FloatVector.fromMemorySegment(F, xMemory, a + at, ORDER);
            FloatVector second = FloatVector.fromMemorySegment(F, xMemory, b + at, ORDER);
            FloatVector third = FloatVector.fromMemorySegment(F, xMemory, c + at, ORDER);
            FloatVector fourth = FloatVector.fromMemorySegment(F, xMemory, d + at, ORDER);
            a0 = first.fma(w0, a0);
            a1 = first.fma(w1, a1);
            b0 = second.fma(w0, b0);
            b1 = second.fma(w1, b1);
            c0 = third.fma(w0, c0);
            c1 = third.fma(w1, c1);
            d0 = fourth.fma(w0, d0);
            d1 = fourth.fma(w1, d1);
        }
        a0.intoArray(sums, 0);
        a1.intoArray(sums, LANES);
        b0.intoArray(sums, 2 * LANES);
        b1.intoArray(sums, 3 * LANES);
        c0.intoArray(sums, 4 * LANES);
        c1.intoArray(sums, 5 * LANES);
        d0.intoArray(sums, 6 * LANES);
        d1.intoArray(sums, 7 * LANES);
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
