package io.tokenwise.kernels;

import java.lang.foreign.MemorySegment;

/**
 * Rows on their way into the narrow types that matrix units multiply, and out of the sums that come back. A row on its way is a
 * {@code float[]} that stays in the first-level cache, so that each step is a plain loop and steps combine freely.
 *
 * <p>Rows are quantised one by one to unsigned bytes: {@code q = round((x - least) * 255 / (largest - least))}. With weights
 * {@code w = columnScale * v}, v signed bytes, a product is {@code sum(x w) = columnScale * (scale * sum(q v) + least * sum(v))}, of which
 * the last sum is known when weights are packed. Values beyond float's range give infinities or NaN, never a silent wrong number.
 */
public interface Conversions {
    /** {@code row[i] = x[index + i]}. */
    void load(Floats x, long index, int count, float[] row);

    /**
     * Writes {@code count} unsigned bytes to {@code target} at byte {@code at}, and the row's step and least value to {@code scales}: at
     * {@code 2 * index} and {@code 2 * index + 1}.
     */
    void quantize(float[] row, int count, MemorySegment target, long at, float[] scales, int index);

    /** Writes {@code count} bfloat16 values to {@code target} at byte {@code at}, rounded to nearest, ties to even. */
    void toBfloat16(float[] row, int count, MemorySegment target, long at);

    /**
     * {@code row[i] = sums[i] * scale * columnScales[i] + least * columnSums[i]}, sums being int32 at byte {@code at}; columnSums hold
     * {@code columnScale * sum(v)}.
     */
    void dequantize(
            MemorySegment sums,
            long at,
            int count,
            float scale,
            float least,
            float[] columnScales,
            float[] columnSums,
            float[] row);

    /** {@code row[i] += x[index + i]}. */
    void add(Floats x, long index, int count, float[] row);

    /** Erf-GELU of each value. */
    void gelu(float[] row, int count);

    /** {@code y[index + i] = row[i]}. */
    void store(float[] row, int count, Floats y, long index);
}
