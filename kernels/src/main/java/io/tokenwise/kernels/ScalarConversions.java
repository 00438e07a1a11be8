package io.tokenwise.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** {@link Conversions} in plain Java. */
final class ScalarConversions implements Conversions {
    /** Steps between the least and the largest value of a row. */
    static final int STEPS = 255;

    @Override
    public void load(Floats x, long index, int count, float[] row) {
        MemorySegment.copy(x.segment(), ValueLayout.JAVA_FLOAT, x.at(index), row, 0, count);
    }

    @Override
    public void quantize(float[] row, int count, MemorySegment target, long at, float[] scales, int index) {
        float least = Float.POSITIVE_INFINITY;
        float largest = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) {
            least = row[i] < least ? row[i] : least;
            largest = row[i] > largest ? row[i] : largest;
        }
        quantize(row, 0, count, least, largest, target, at);
        setScale(least, largest, scales, index);
    }

    static void setScale(float least, float largest, float[] scales, int index) {
        scales[2 * index] = (largest - least) / STEPS;
        scales[2 * index + 1] = least;
    }

    /** Factor from a value's distance to the least one to its byte; 0 for a row of equal values. */
    static float factor(float least, float largest) {
        return largest == least ? 0 : STEPS / (largest - least);
    }

    static void quantize(float[] row, int from, int to, float least, float largest, MemorySegment target, long at) {
        float factor = factor(least, largest);
        for (int i = from; i < to; i++) {
            // The rounded integer lies in the lowest bits of the sum.
            float shifted = Math.fma(row[i] - least, factor, ScalarMath.ROUND);
            target.set(ValueLayout.JAVA_BYTE, at + i, (byte) Float.floatToRawIntBits(shifted));
        }
    }

    @Override
    public void toBfloat16(float[] row, int count, MemorySegment target, long at) {
        toBfloat16(row, 0, count, target, at);
    }

    static void toBfloat16(float[] row, int from, int to, MemorySegment target, long at) {
        for (int i = from; i < to; i++) {
            target.set(ValueLayout.JAVA_SHORT_UNALIGNED, at + 2L * i, bfloat16(row[i]));
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
            float[] columnScales,
            float[] columnSums,
            float[] row) {
        dequantize(sums, at, 0, count, scale, least, columnScales, columnSums, row);
    }

    static void dequantize(
            MemorySegment sums,
            long at,
            int from,
            int to,
            float scale,
            float least,
            float[] columnScales,
            float[] columnSums,
            float[] row) {
        for (int i = from; i < to; i++) {
            float sum = sums.get(ValueLayout.JAVA_INT, at + (long) i * Integer.BYTES);
            row[i] = Math.fma(sum * scale, columnScales[i], least * columnSums[i]);
        }
    }

    @Override
    public void add(Floats x, long index, int count, float[] row) {
        add(x, index, 0, count, row);
    }

    static void add(Floats x, long index, int from, int to, float[] row) {
        for (int i = from; i < to; i++) {
            row[i] += x.get(index + i);
        }
    }

    @Override
    public void gelu(float[] row, int count) {
        gelu(row, 0, count);
    }

    static void gelu(float[] row, int from, int to) {
        for (int i = from; i < to; i++) {
            row[i] = ScalarMath.gelu(row[i]);
        }
    }

    @Override
    public void store(float[] row, int count, Floats y, long index) {
        MemorySegment.copy(row, 0, y.segment(), ValueLayout.JAVA_FLOAT, y.at(index), count);
    }
}
