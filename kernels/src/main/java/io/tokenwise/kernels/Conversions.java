package io.tokenwise.kernels;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Rows on their way into the narrow types that matrix units multiply, and out of the sums that come back.
 *
 * <p>Rows are quantised one by one to unsigned bytes: {@code q = round((x - least) * steps / (largest - least))}, with 255 steps unless said otherwise. With weights
 * {@code w = columnScale * v}, v signed bytes, a product is {@code sum(x w) = columnScale * (scale * sum(q v) + least * sum(v))}, of which
 * the last sum is known when weights are packed. Values beyond float's range give infinities or NaN, never a silent wrong number.
 *
 * <p>Narrow values and sums lie in native memory at byte {@code at}; a row of floats starts at {@code index}.
 */
public interface Conversions {
    /** The activations that {@link #dequantizeGated} has. */
    List<Activation> GATES = List.of(Activation.GELU, Activation.GELU_TANH, Activation.SILU);

    /** {@return the same with so many steps between a row's least and its largest value, up to 255} */
    Conversions withSteps(int steps);

    /** Writes {@code count} unsigned bytes, and the row's step and least value to {@code scales} at {@code 2 * slot} and behind it. */
    void quantize(Floats x, long index, int count, MemorySegment target, long at, float[] scales, int slot);

    /** {@link #quantize} of {@code gelu(x)}; x is overwritten. */
    void quantizeGelu(Floats x, long index, int count, MemorySegment target, long at, float[] scales, int slot);

    /**
     * {@link #quantizeGelu} of what {@link #dequantize} makes of sums.
     *
     * @param least of the row that was multiplied
     * @param row room for {@code count} values from its beginning on; overwritten
     */
    void quantizeGelu(
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
            int slot);

    /** Writes {@code count} bfloat16 values, rounded to nearest, ties to even. */
    void toBfloat16(Floats x, long index, int count, MemorySegment target, long at);

    /** What {@link #dequantize} knows of a weight matrix: {@code columnScale} and {@code columnScale * sum(v)} of each column. */
    record Columns(float[] scales, float[] sums) {}

    /** {@code y[i] = sums[i] * scale * columnScale[i] + (least * columnSum[i] + bias[i])}, sums being int32. */
    void dequantize(
            MemorySegment sums,
            long at,
            int count,
            float scale,
            float least,
            Columns columns,
            Floats bias,
            Floats y,
            long index);

    /** {@link #dequantize} plus a row of residual. The sums may be lost: a loop over so many memories at once deoptimises for a minute (docs/lab/kernels.md). */
    void dequantizePlus(
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
            long index);

    /**
     * {@link #dequantize} of a gated row {@code [up | gate]}, and {@code y[i] = up[i] * activation(gate[i])}.
     *
     * @param units half of the sums, and of what columns and bias have
     * @param activation one of {@link #GATES}
     */
    void dequantizeGated(
            MemorySegment sums,
            long at,
            int units,
            float scale,
            float least,
            Columns columns,
            Floats bias,
            Activation activation,
            Floats y,
            long index);

    /** {@code y[yIndex + i] = a[aIndex + i] + b[bIndex + i]}. */
    void add(Floats a, long aIndex, Floats b, long bIndex, int count, Floats y, long yIndex);
}
