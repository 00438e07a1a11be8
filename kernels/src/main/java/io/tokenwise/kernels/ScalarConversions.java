package io.tokenwise.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** {@link Conversions} in plain Java. */
final class ScalarConversions implements Conversions {
    /** Steps between the least and the largest value of a row. */
    static final int STEPS = 255;

    private final int steps;

    ScalarConversions() {
        this(STEPS);
    }

    private ScalarConversions(int steps) {
        this.steps = steps;
    }

    @Override
    public Conversions withSteps(int newSteps) {
        return new ScalarConversions(newSteps);
    }

    @Override
    public void quantize(Floats x, long index, int count, MemorySegment target, long at, float[] scales, int slot) {
        float least = Float.POSITIVE_INFINITY;
        float largest = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) {
            least = Math.min(least, x.get(index + i));
            largest = Math.max(largest, x.get(index + i));
        }
        toBytes(x, index, 0, count, least, factor(least, largest, steps), target, at);
        setScale(least, largest, steps, scales, slot);
    }

    @Override
    public void quantizeGelu(Floats x, long index, int count, MemorySegment target, long at, float[] scales, int slot) {
        for (int i = 0; i < count; i++) {
            x.set(index + i, ScalarMath.gelu(x.get(index + i)));
        }
        quantize(x, index, count, target, at, scales, slot);
    }

    static void setScale(float least, float largest, int steps, float[] scales, int slot) {
        scales[2 * slot] = (largest - least) / steps;
        scales[2 * slot + 1] = least;
    }

    /** Factor from a value's distance to the least one to its byte; 0 for a row of equal values. */
    static float factor(float least, float largest, int steps) {
        return largest == least ? 0 : steps / (largest - least);
    }

    static void toBytes(
            Floats x, long index, int from, int to, float least, float factor, MemorySegment target, long at) {
        for (int i = from; i < to; i++) {
            // The rounded integer lies in the lowest bits of the sum.
            float shifted = Math.fma(x.get(index + i) - least, factor, ScalarMath.ROUND);
            target.set(ValueLayout.JAVA_BYTE, at + i, (byte) Float.floatToRawIntBits(shifted));
        }
    }

    @Override
    public void quantizeGelu(
            MemorySegment sums,
            long sumsAt,
            int count,
            float scale,
            float least,
            Columns columns,
            Floats bias,
            Floats row,
            MemorySegment target,
            long at,
            float[] scales,
            int slot) {
        dequantize(sums, sumsAt, count, scale, least, columns, bias, row, 0);
        quantizeGelu(row, 0, count, target, at, scales, slot);
    }

    @Override
    public void toBfloat16(Floats x, long index, int count, MemorySegment target, long at) {
        toBfloat16(x, index, 0, count, target, at);
    }

    static void toBfloat16(Floats x, long index, int from, int to, MemorySegment target, long at) {
        for (int i = from; i < to; i++) {
            target.set(ValueLayout.JAVA_SHORT_UNALIGNED, at + 2L * i, bfloat16(x.get(index + i)));
        }
    }

    /** The upper half of the bits, rounded to nearest, ties to even; a NaN stays one. */
    static short bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        return Float.isNaN(value) ? (short) 0x7fc0 : (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }

    @Override
    public void dequantize(
            MemorySegment sums,
            long at,
            int count,
            float scale,
            float least,
            Columns columns,
            Floats bias,
            Floats y,
            long index) {
        dequantize(sums, at, 0, count, scale, least, columns, bias, y, index);
    }

    static void dequantize(
            MemorySegment sums,
            long at,
            int from,
            int to,
            float scale,
            float least,
            Columns columns,
            Floats bias,
            Floats y,
            long index) {
        for (int i = from; i < to; i++) {
            y.set(index + i, value(sums, at, i, scale, least, columns, bias));
        }
    }

    private static float value(
            MemorySegment sums, long at, int i, float scale, float least, Columns columns, Floats bias) {
        float sum = sums.get(ValueLayout.JAVA_INT, at + (long) i * Integer.BYTES);
        float shift = Math.fma(least, columns.sums()[i], bias.get(i));
        return Math.fma(sum * scale, columns.scales()[i], shift);
    }

    @Override
    public void dequantizePlus(
            MemorySegment sums,
            long at,
            int count,
            float scale,
            float least,
            Columns columns,
            Floats bias,
            Floats residual,
            long residualIndex,
            Floats y,
            long index) {
        dequantizePlus(sums, at, 0, count, scale, least, columns, bias, residual, residualIndex, y, index);
    }

    static void dequantizePlus(
            MemorySegment sums,
            long at,
            int from,
            int to,
            float scale,
            float least,
            Columns columns,
            Floats bias,
            Floats residual,
            long residualIndex,
            Floats y,
            long index) {
        for (int i = from; i < to; i++) {
            y.set(index + i, value(sums, at, i, scale, least, columns, bias) + residual.get(residualIndex + i));
        }
    }

    @Override
    public void dequantizeGated(
            MemorySegment sums,
            long at,
            int units,
            float scale,
            float least,
            Columns columns,
            Floats bias,
            Activation activation,
            Floats y,
            long index) {
        dequantizeGated(sums, at, 0, units, scale, least, columns, bias, activation, y, index);
    }

    /** From a unit on. */
    static void dequantizeGated(
            MemorySegment sums,
            long at,
            int from,
            int units,
            float scale,
            float least,
            Columns columns,
            Floats bias,
            Activation activation,
            Floats y,
            long index) {
        for (int i = from; i < units; i++) {
            float up = value(sums, at, i, scale, least, columns, bias);
            float gate = value(sums, at, units + i, scale, least, columns, bias);
            y.set(index + i, ScalarGateOps.gated(up, gate, activation));
        }
    }

    @Override
    public void add(Floats a, long aIndex, Floats b, long bIndex, int count, Floats y, long yIndex) {
        add(a, aIndex, b, bIndex, 0, count, y, yIndex);
    }

    static void add(Floats a, long aIndex, Floats b, long bIndex, int from, int to, Floats y, long yIndex) {
        for (int i = from; i < to; i++) {
            y.set(yIndex + i, a.get(aIndex + i) + b.get(bIndex + i));
        }
    }
}
