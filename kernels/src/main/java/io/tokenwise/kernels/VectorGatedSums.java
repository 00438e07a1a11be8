package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.I;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;

import io.tokenwise.kernels.Conversions.Columns;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/** {@link Conversions#dequantizeGated} of whole vectors. Each activation has a loop of its own, as in {@link VectorGateOps}. */
final class VectorGatedSums {
    private VectorGatedSums() {}

    static void gelu(
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
            up.mul(VectorMath.gelu(gate)).intoMemorySegment(to, toAt + (long) i * Float.BYTES, ORDER);
        }
    }

    static void geluTanh(
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
            up.mul(gate)
                    .div(VectorMath.geluTanhClosed(gate))
                    .intoMemorySegment(to, toAt + (long) i * Float.BYTES, ORDER);
        }
    }

    /**
     * {@link VectorMath#siluClosed} is written out, with its constants made before the loop: in static fields they are memory, which C2 reads again in each turn of
     * a loop that stores floats.
     */
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
        FloatVector zero = FloatVector.zero(F);
        FloatVector log2e = FloatVector.broadcast(F, ScalarMath.LOG2_E);
        FloatVector round = FloatVector.broadcast(F, ScalarMath.ROUND);
        FloatVector ln2Low = FloatVector.broadcast(F, -ScalarMath.LN2_LOW);
        FloatVector ln2High = FloatVector.broadcast(F, -ScalarMath.LN2_HIGH);
        FloatVector c0 = FloatVector.broadcast(F, ScalarMath.EXP_0);
        FloatVector c1 = FloatVector.broadcast(F, ScalarMath.EXP_1);
        FloatVector c2 = FloatVector.broadcast(F, ScalarMath.EXP_2);
        FloatVector c3 = FloatVector.broadcast(F, ScalarMath.EXP_3);
        FloatVector c4 = FloatVector.broadcast(F, ScalarMath.EXP_4);
        FloatVector smallest = FloatVector.broadcast(F, ScalarMath.EXP_SMALLEST);
        IntVector largest = FloatVector.broadcast(F, ScalarMath.EXP_LARGEST).reinterpretAsInts();
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
            // As integers, numbers below a positive one are less too; a gate that is not a number makes the product
            // none.
            FloatVector x = gate.neg().reinterpretAsInts().min(largest).reinterpretAsFloats();
            FloatVector shifted = x.fma(log2e, round);
            FloatVector n = shifted.sub(round);
            FloatVector r = n.fma(ln2Low, n.fma(ln2High, x));
            FloatVector p =
                    c4.fma(r, c3).fma(r, c2).fma(r, c1).fma(r, c0).fma(r, one).fma(r, one);
            FloatVector exp = p.reinterpretAsInts()
                    .add(shifted.reinterpretAsInts().lanewise(LSHL, 23))
                    .reinterpretAsFloats()
                    .blend(zero, x.compare(LT, smallest));
            up.mul(gate).div(exp.add(one)).intoMemorySegment(to, toAt + (long) i * Float.BYTES, ORDER);
        }
    }
}
