package io.tokenwise.natives;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.DoubleUnaryOperator;

/**
 * An activation as products of our own code apply it to what they made, for {@link WidenedRows#setTable}: {@code max(x, 0) - rest(|x|)}, where the rest is even, as those of
 * GELU in both forms and of SiLU are. Of {@code s = |x| + offset} every octave is cut into the same number of equal pieces, so that a float's upper bits are the number of its piece, and in
 * each piece a parabola through three Chebyshev nodes is the rest. Beyond the last piece it is what it is at its end. An exponential or the polynomial of our kernels would
 * take multiplications, of which the tiles' products leave none. Immutable; for any thread.
 */
public final class ActivationTable {
    /** As many as an instruction finds by a lane's five lowest bits. */
    static final int PIECES = 32;

    static final int COEFFICIENTS_BYTES = PIECES * Float.BYTES;
    static final int COEFFICIENTS = 3;

    /** Behind the coefficients, the highest power's first: the offset, the last s as bits, and how far these are shifted. */
    static final int OFFSET_AT = COEFFICIENTS * COEFFICIENTS_BYTES;

    static final int LAST_AT = OFFSET_AT + Float.BYTES;
    static final int SHIFT_AT = LAST_AT + Integer.BYTES;
    private static final int BYTES = SHIFT_AT + Integer.BYTES;
    private static final int MANTISSA_BITS = 23;

    /** So that each of the code's vectors is one line of the cache. */
    private static final int LINE_BYTES = 64;

    final MemorySegment memory = Arena.ofAuto().allocate(BYTES, LINE_BYTES);
    private final float offset;
    private final int last;
    private final int shift;

    /**
     * Fits the pieces.
     *
     * @param activation {@code max(x, 0) - rest(|x|)}; it is asked for values from 0 down to {@code offset - offset * 2^(32 / octavePieces)}
     * @param offset a power of two: the larger, the more alike are the pieces' lengths
     * @param octavePieces of an octave, a power of two up to 32
     */
    public ActivationTable(DoubleUnaryOperator activation, float offset, int octavePieces) {
        if (Integer.bitCount(octavePieces) != 1 || octavePieces > PIECES) {
            throw new IllegalArgumentException("pieces of an octave: " + octavePieces + ", but they are 1, 2, 4 to 32");
        }
        if (offset != Math.scalb(1f, Math.getExponent(offset))) {
            throw new IllegalArgumentException("the offset is " + offset + ", but must be a power of two");
        }
        this.offset = offset;
        shift = MANTISSA_BITS - Integer.numberOfTrailingZeros(octavePieces);
        int first = Float.floatToRawIntBits(offset);
        last = first + (PIECES << shift) - 1;
        for (int piece = 0; piece < PIECES; piece++) {
            int bits = first + (piece << shift);
            fit(activation, bits >>> shift & PIECES - 1, Float.intBitsToFloat(bits), end(bits));
        }
        memory.set(JAVA_FLOAT, OFFSET_AT, offset);
        memory.set(JAVA_INT, LAST_AT, last);
        memory.set(JAVA_INT, SHIFT_AT, shift);
    }

    private double end(int bits) {
        return Float.intBitsToFloat(bits + (1 << shift));
    }

    /** The parabola through the rest at three nodes, by divided differences. */
    private void fit(DoubleUnaryOperator activation, int place, double from, double to) {
        var s = new double[COEFFICIENTS];
        var rest = new double[COEFFICIENTS];
        for (int i = 0; i < COEFFICIENTS; i++) {
            s[i] = (from + to) / 2 - (to - from) / 2 * Math.cos(Math.PI * (2 * i + 1) / (2 * COEFFICIENTS));
            rest[i] = -activation.applyAsDouble(offset - s[i]);
        }
        double slope = (rest[1] - rest[0]) / (s[1] - s[0]);
        double bend = ((rest[2] - rest[1]) / (s[2] - s[1]) - slope) / (s[2] - s[0]);
        set(0, place, bend);
        set(1, place, slope - bend * (s[0] + s[1]));
        set(2, place, rest[0] - s[0] * (slope - bend * s[1]));
    }

    private void set(int coefficient, int place, double value) {
        memory.set(JAVA_FLOAT, at(coefficient, place), (float) value);
    }

    private static long at(int coefficient, int place) {
        return (long) coefficient * COEFFICIENTS_BYTES + (long) place * Float.BYTES;
    }

    /** What the code makes of a value, bit for bit but for the bits of what is not a number. */
    public float of(float x) {
        int bits = Math.min(Float.floatToRawIntBits(Math.abs(x) + offset), last);
        int place = bits >>> shift & PIECES - 1;
        float s = Float.intBitsToFloat(bits);
        float rest = memory.get(JAVA_FLOAT, at(0, place));
        rest = Math.fma(rest, s, memory.get(JAVA_FLOAT, at(1, place)));
        rest = Math.fma(rest, s, memory.get(JAVA_FLOAT, at(2, place)));
        return (0 > x ? 0 : x) - rest;
    }
}
