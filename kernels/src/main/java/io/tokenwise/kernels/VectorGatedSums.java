package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.I;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.UMIN;

import io.tokenwise.kernels.Conversions.Columns;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * {@link Conversions#dequantizeGated} of whole vectors: a loop for both GELUs, which differ in their tails, and one for SiLU. Constants are made before the loops: in
 * static fields they are memory, which C2 reads again in each turn of a loop that stores floats.
 */
final class VectorGatedSums {
    private VectorGatedSums() {}

    /** {@link ScalarMath#geluOfSum}. */
    static void gelu(
            MemorySegment sums,
            long at,
            int units,
            int whole,
            float scale,
            float least,
            Columns columns,
            Floats bias,
            float[] tail,
            Floats y,
            long index) {
        float[] columnScales = columns.scales();
        float[] columnSums = columns.sums();
        MemorySegment from = Floats.exactlyNative(sums);
        MemorySegment biasMemory = bias.segment();
        long biasAt = bias.offset();
        MemorySegment to = y.segment();
        long toAt = y.at(index);
        FloatVector leasts = FloatVector.broadcast(F, least);
        FloatVector end = FloatVector.broadcast(F, tail[0]);
        FloatVector c1 = FloatVector.broadcast(F, tail[1]);
        FloatVector c2 = FloatVector.broadcast(F, tail[2]);
        FloatVector c3 = FloatVector.broadcast(F, tail[3]);
        FloatVector c4 = FloatVector.broadcast(F, tail[4]);
        FloatVector c5 = FloatVector.broadcast(F, tail[5]);
        FloatVector c6 = FloatVector.broadcast(F, tail[6]);
        for (int i = 0; i < whole; i += LANES) {
            int j = units + i;
            FloatVector shift = FloatVector.fromArray(F, columnSums, i)
                    .fma(leasts, FloatVector.fromMemorySegment(F, biasMemory, biasAt + (long) i * Float.BYTES, ORDER));
            FloatVector up = ((FloatVector) IntVector.fromMemorySegment(I, from, at + (long) i * Integer.BYTES, ORDER)
                            .convert(I2F, 0))
                    .mul(scale)
                    .fma(FloatVector.fromArray(F, columnScales, i), shift);
            shift = FloatVector.fromArray(F, columnSums, j)
                    .fma(leasts, FloatVector.fromMemorySegment(F, biasMemory, biasAt + (long) j * Float.BYTES, ORDER));
            IntVector gate = ((FloatVector) IntVector.fromMemorySegment(I, from, at + (long) j * Integer.BYTES, ORDER)
                            .convert(I2F, 0))
                    .mul(scale)
                    .fma(FloatVector.fromArray(F, columnScales, j), shift)
                    .reinterpretAsInts();
            FloatVector minus = gate.or(Integer.MIN_VALUE).reinterpretAsFloats();
            FloatVector left = minus.add(end).reinterpretAsInts().max(0).reinterpretAsFloats();
            FloatVector p = c6.fma(left, c5)
                    .fma(left, c4)
                    .fma(left, c3)
                    .fma(left, c2)
                    .fma(left, c1)
                    .mul(left);
            p = p.mul(p);
            p.mul(p)
                    .fma(minus, gate.max(0).reinterpretAsFloats())
                    .mul(up)
                    .intoMemorySegment(to, toAt + (long) i * Float.BYTES, ORDER);
        }
    }

    /** {@link ScalarMath#siluOfSum}. */
    static void silu(
            MemorySegment sums,
            long at,
            int units,
            int whole,
            float scale,
            float least,
            Columns columns,
            Floats bias,
            Floats y,
            long index) {
        float[] columnScales = columns.scales();
        float[] columnSums = columns.sums();
        MemorySegment from = Floats.exactlyNative(sums);
        MemorySegment biasMemory = bias.segment();
        long biasAt = bias.offset();
        MemorySegment to = y.segment();
        long toAt = y.at(index);
        FloatVector leasts = FloatVector.broadcast(F, least);
        FloatVector one = FloatVector.broadcast(F, 1);
        FloatVector minusOne = FloatVector.broadcast(F, -1);
        FloatVector minusLog2e = FloatVector.broadcast(F, -ScalarMath.LOG2_E);
        FloatVector round = FloatVector.broadcast(F, ScalarMath.ROUND);
        FloatVector c0 = FloatVector.broadcast(F, ScalarMath.SUM_EXP2_0);
        FloatVector c1 = FloatVector.broadcast(F, ScalarMath.SUM_EXP2_1);
        FloatVector c2 = FloatVector.broadcast(F, ScalarMath.SUM_EXP2_2);
        FloatVector c3 = FloatVector.broadcast(F, ScalarMath.SUM_EXP2_3);
        IntVector largestExponent =
                FloatVector.broadcast(F, ScalarMath.SUM_EXP2_LARGEST).reinterpretAsInts();
        IntVector leastExponent =
                FloatVector.broadcast(F, -ScalarMath.SUM_EXP2_LARGEST).reinterpretAsInts();
        // Less the bits of -d instead of d.
        IntVector reciprocal = IntVector.broadcast(I, ScalarMath.SUM_RECIPROCAL ^ Integer.MIN_VALUE);
        for (int i = 0; i < whole; i += LANES) {
            int j = units + i;
            FloatVector shift = FloatVector.fromArray(F, columnSums, i)
                    .fma(leasts, FloatVector.fromMemorySegment(F, biasMemory, biasAt + (long) i * Float.BYTES, ORDER));
            FloatVector up = ((FloatVector) IntVector.fromMemorySegment(I, from, at + (long) i * Integer.BYTES, ORDER)
                            .convert(I2F, 0))
                    .mul(scale)
                    .fma(FloatVector.fromArray(F, columnScales, i), shift);
            shift = FloatVector.fromArray(F, columnSums, j)
                    .fma(leasts, FloatVector.fromMemorySegment(F, biasMemory, biasAt + (long) j * Float.BYTES, ORDER));
            FloatVector gate = ((FloatVector) IntVector.fromMemorySegment(I, from, at + (long) j * Integer.BYTES, ORDER)
                            .convert(I2F, 0))
                    .mul(scale)
                    .fma(FloatVector.fromArray(F, columnScales, j), shift);
            FloatVector t = gate.mul(minusLog2e)
                    .reinterpretAsInts()
                    .min(largestExponent)
                    .lanewise(UMIN, leastExponent)
                    .reinterpretAsFloats();
            FloatVector shifted = t.add(round);
            FloatVector f = t.sub(shifted.sub(round));
            FloatVector exp = c3.fma(f, c2)
                    .fma(f, c1)
                    .fma(f, c0)
                    .reinterpretAsInts()
                    .add(shifted.reinterpretAsInts().lanewise(LSHL, 23))
                    .reinterpretAsFloats();
            FloatVector minusD = minusOne.sub(exp);
            FloatVector r = reciprocal.sub(minusD.reinterpretAsInts()).reinterpretAsFloats();
            FloatVector h = minusD.fma(r, one);
            FloatVector value = up.mul(gate).mul(r);
            value = value.fma(h, value);
            value.fma(h.mul(h), value).intoMemorySegment(to, toAt + (long) i * Float.BYTES, ORDER);
        }
    }
}
