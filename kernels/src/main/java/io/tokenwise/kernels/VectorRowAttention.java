package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** A vector of a head's columns at a time. */
final class VectorRowAttention extends RowAttention {
    @Override
    float dot(Floats a, long aAt, Floats b, long bAt, int count) {
        MemorySegment aMemory = a.segment();
        long aBase = a.at(aAt);
        MemorySegment bMemory = b.segment();
        long bBase = b.at(bAt);
        int whole = F.loopBound(count);
        FloatVector sums = FloatVector.zero(F);
        for (int i = 0; i < whole; i += LANES) {
            long at = (long) i * Float.BYTES;
            sums = FloatVector.fromMemorySegment(F, aMemory, aBase + at, ORDER)
                    .fma(FloatVector.fromMemorySegment(F, bMemory, bBase + at, ORDER), sums);
        }
        float sum = Species.sum(sums);
        for (int i = whole; i < count; i++) {
            sum = Math.fma(a.get(aAt + i), b.get(bAt + i), sum);
        }
        return sum;
    }

    @Override
    void addScaled(float factor, Floats x, long xAt, Floats y, long yAt, int count) {
        MemorySegment xMemory = x.segment();
        long xBase = x.at(xAt);
        MemorySegment yMemory = y.segment();
        long yBase = y.at(yAt);
        int whole = F.loopBound(count);
        FloatVector factors = FloatVector.broadcast(F, factor);
        for (int i = 0; i < whole; i += LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector.fromMemorySegment(F, xMemory, xBase + at, ORDER)
                    .fma(factors, FloatVector.fromMemorySegment(F, yMemory, yBase + at, ORDER))
                    .intoMemorySegment(yMemory, yBase + at, ORDER);
        }
        for (int i = whole; i < count; i++) {
            y.set(yAt + i, Math.fma(factor, x.get(xAt + i), y.get(yAt + i)));
        }
    }
}
