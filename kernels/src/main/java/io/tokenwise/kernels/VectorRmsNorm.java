package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** RMSNorm and its gradients; see {@link RowOps}. */
final class VectorRmsNorm {
    private VectorRmsNorm() {}

    static void forward(
            Floats x,
            RowParts parts,
            Floats gamma,
            float plus,
            float epsilon,
            Floats y,
            Floats inverses,
            int from,
            int to) {
        int columns = parts.columns();
        for (int i = from; i < to; i++) {
            for (int part = 0; part < parts.parts(); part++) {
                long at = parts.at(i, part);
                float inverse = (float) (1 / Math.sqrt(squares(x, at, columns) / columns + epsilon));
                scale(x, at, inverse, gamma, plus, y, columns);
                if (inverses != null) {
                    inverses.set((long) i * parts.parts() + part, inverse);
                }
            }
        }
    }

    /** In four sums, since each would wait for itself most of the time. */
    private static float squares(Floats x, long row, int columns) {
        MemorySegment memory = x.segment();
        long base = x.at(row);
        int whole = F.loopBound(columns);
        int fours = columns - columns % (4 * LANES);
        FloatVector sum0 = FloatVector.zero(F);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        for (int j = 0; j < fours; j += 4 * LANES) {
            long at = base + (long) j * Float.BYTES;
            FloatVector x0 = FloatVector.fromMemorySegment(F, memory, at, ORDER);
            FloatVector x1 = FloatVector.fromMemorySegment(F, memory, at + LANES * Float.BYTES, ORDER);
            FloatVector x2 = FloatVector.fromMemorySegment(F, memory, at + 2 * LANES * Float.BYTES, ORDER);
            FloatVector x3 = FloatVector.fromMemorySegment(F, memory, at + 3 * LANES * Float.BYTES, ORDER);
            sum0 = x0.fma(x0, sum0);
            sum1 = x1.fma(x1, sum1);
            sum2 = x2.fma(x2, sum2);
            sum3 = x3.fma(x3, sum3);
        }
        FloatVector sums = sum0.add(sum1).add(sum2.add(sum3));
        for (int j = fours; j < whole; j += LANES) {
            FloatVector value = FloatVector.fromMemorySegment(F, memory, base + (long) j * Float.BYTES, ORDER);
            sums = value.fma(value, sums);
        }
        float sum = Species.sum(sums);
        for (int j = whole; j < columns; j++) {
            sum = Math.fma(x.get(row + j), x.get(row + j), sum);
        }
        return sum;
    }

    /** {@code y = x * factor * (gamma + plus)} for one part. */
    private static void scale(Floats x, long row, float factor, Floats gamma, float plus, Floats y, int columns) {
        MemorySegment xMemory = x.segment();
        long xBase = x.at(row);
        MemorySegment gammaMemory = gamma.segment();
        long gammaBase = gamma.offset();
        MemorySegment yMemory = y.segment();
        long yBase = y.at(row);
        int whole = F.loopBound(columns);
        FloatVector factors = FloatVector.broadcast(F, factor);
        FloatVector more = FloatVector.broadcast(F, plus);
        for (int j = 0; j < whole; j += LANES) {
            long at = (long) j * Float.BYTES;
            FloatVector.fromMemorySegment(F, xMemory, xBase + at, ORDER)
                    .mul(factors)
                    .mul(FloatVector.fromMemorySegment(F, gammaMemory, gammaBase + at, ORDER)
                            .add(more))
                    .intoMemorySegment(yMemory, yBase + at, ORDER);
        }
        for (int j = whole; j < columns; j++) {
            y.set(row + j, x.get(row + j) * factor * (gamma.get(j) + plus));
        }
    }

    static void backward(
            Floats x,
            RowParts parts,
            Floats gamma,
            float plus,
            Floats inverses,
            Floats dy,
            Floats dx,
            int from,
            int to) {
        int columns = parts.columns();
        for (int i = from; i < to; i++) {
            for (int part = 0; part < parts.parts(); part++) {
                long at = parts.at(i, part);
                float inverse = inverses.get((long) i * parts.parts() + part);
                scale(dy, at, 1, gamma, plus, dx, columns);
                float mean = VectorRowOps.dot(dx, at, x, at, columns) * inverse * inverse / columns;
                turn(x, at, -mean, inverse, dx, columns);
            }
        }
    }

    /** {@code dx = (dx + share * x) * inverse} for one part. */
    private static void turn(Floats x, long row, float share, float inverse, Floats dx, int columns) {
        MemorySegment xMemory = x.segment();
        long xBase = x.at(row);
        MemorySegment dxMemory = dx.segment();
        long dxBase = dx.at(row);
        int whole = F.loopBound(columns);
        FloatVector shares = FloatVector.broadcast(F, share);
        FloatVector inverses = FloatVector.broadcast(F, inverse);
        for (int j = 0; j < whole; j += LANES) {
            long at = (long) j * Float.BYTES;
            FloatVector.fromMemorySegment(F, xMemory, xBase + at, ORDER)
                    .fma(shares, FloatVector.fromMemorySegment(F, dxMemory, dxBase + at, ORDER))
                    .mul(inverses)
                    .intoMemorySegment(dxMemory, dxBase + at, ORDER);
        }
        for (int j = whole; j < columns; j++) {
            dx.set(row + j, Math.fma(share, x.get(row + j), dx.get(row + j)) * inverse);
        }
    }

    static void parameterGradient(
            Floats x, RowParts parts, Floats inverses, Floats dy, Floats dGamma, int rows, int from, int to) {
        MemorySegment xMemory = x.segment();
        MemorySegment dyMemory = dy.segment();
        MemorySegment gammaMemory = dGamma.segment();
        int end = from + F.loopBound(to - from);
        for (int j = from; j < end; j += LANES) {
            FloatVector sum = FloatVector.zero(F);
            for (int i = 0; i < rows; i++) {
                for (int part = 0; part < parts.parts(); part++) {
                    long at = parts.at(i, part) + j;
                    sum = FloatVector.fromMemorySegment(F, xMemory, x.at(at), ORDER)
                            .mul(inverses.get((long) i * parts.parts() + part))
                            .fma(FloatVector.fromMemorySegment(F, dyMemory, dy.at(at), ORDER), sum);
                }
            }
            FloatVector.fromMemorySegment(F, gammaMemory, dGamma.at(j), ORDER)
                    .add(sum)
                    .intoMemorySegment(gammaMemory, dGamma.at(j), ORDER);
        }
        for (int j = end; j < to; j++) {
            float sum = 0;
            for (int i = 0; i < rows; i++) {
                for (int part = 0; part < parts.parts(); part++) {
                    long at = parts.at(i, part) + j;
                    sum = Math.fma(x.get(at) * inverses.get((long) i * parts.parts() + part), dy.get(at), sum);
                }
            }
            dGamma.set(j, dGamma.get(j) + sum);
        }
    }
}
