package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** {@link RowOps#dots} with lanes along the rows: a row meets four weights at a time, four sums that do not wait for each other. */
final class VectorDots {
    private VectorDots() {}

    static void dots(Floats x, Floats w, Floats bias, int outputs, Floats y, int columns, int from, int to) {
        for (int row = from; row < to; row++) {
            for (int output = 0; output < outputs; output += RowOps.DOTS_GROUP) {
                group(x, row, w, bias, output, outputs, y, columns);
            }
        }
    }

    private static void group(
            Floats x, int row, Floats w, Floats bias, int output, int outputs, Floats y, int columns) {
        MemorySegment xMemory = x.segment();
        MemorySegment wMemory = w.segment();
        long xAt = x.at((long) row * columns);
        long stride = (long) columns * Float.BYTES;
        long wAt = w.at((long) output * columns);
        int whole = F.loopBound(columns);
        FloatVector sum0 = FloatVector.zero(F);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        for (int k = 0; k < whole; k += LANES) {
            long at = (long) k * Float.BYTES;
            FloatVector value = FloatVector.fromMemorySegment(F, xMemory, xAt + at, ORDER);
            sum0 = value.fma(FloatVector.fromMemorySegment(F, wMemory, wAt + at, ORDER), sum0);
            sum1 = value.fma(FloatVector.fromMemorySegment(F, wMemory, wAt + stride + at, ORDER), sum1);
            sum2 = value.fma(FloatVector.fromMemorySegment(F, wMemory, wAt + 2 * stride + at, ORDER), sum2);
            sum3 = value.fma(FloatVector.fromMemorySegment(F, wMemory, wAt + 3 * stride + at, ORDER), sum3);
        }
        float s0 = Species.sum(sum0);
        float s1 = Species.sum(sum1);
        float s2 = Species.sum(sum2);
        float s3 = Species.sum(sum3);
        for (int i = 0; i < Math.min(RowOps.DOTS_GROUP, outputs - output); i++) {
            float sum = i == 0 ? s0 : i == 1 ? s1 : i == 2 ? s2 : s3;
            for (int k = whole; k < columns; k++) {
                sum = Math.fma(x.get((long) row * columns + k), w.get((long) (output + i) * columns + k), sum);
            }
            y.set((long) row * outputs + output + i, sum + bias.get(output + i));
        }
    }
}
