package io.tokenwise.kernels;

/**
 * exp, 2^x and what GELU is made of, in float. The coefficients are minimax fits made for this project (weighted least squares, iterated to
 * equal ripple); errors are measured against double over every float that the range holds at a fine step, see {@code ElementwiseTest}.
 */
final class ScalarMath {
    static final float LOG2_E = 1.44269504f;

    /** 1.5 * 2^23: adding it rounds to an integer, which then lies in the lowest bits. */
    static final float ROUND = 12582912f;

    /** ln 2 in two parts: the first has few bits, so that its product with an exponent is exact. */
    static final float LN2_HIGH = 0.693359375f;

    static final float LN2_LOW = -2.12194440e-4f;

    /** Below, the result would be subnormal and is zero. */
    static final float EXP_SMALLEST = -87.33654f;

    /** Where e^x, if only its size matters, may as well stop growing. */
    static final float EXP_LARGEST = 80;

    /** {@code (e^r - 1 - r) / r^2} for |r| up to ln 2 / 2. */
    static final float EXP_0 = 0.49999994f;

    static final float EXP_1 = 0.16666521f;
    static final float EXP_2 = 0.04166839f;
    static final float EXP_3 = 0.008368745f;
    static final float EXP_4 = 0.001381454f;

    /** {@code (2^r - 1) / r} for |r| up to 1/2, to 1e-7 of 2^r. */
    static final float EXP2_1 = 0.693147f;

    static final float EXP2_2 = 0.24022241f;
    static final float EXP2_3 = 0.055507347f;
    static final float EXP2_4 = 0.009671576f;
    static final float EXP2_5 = 0.0013264646f;

    /** Below, 2^x is not worth the subnormal that it would be and is zero. */
    static final float EXP2_SMALLEST = -125;

    /** Beyond, Phi(-x) is less than 1e-10. */
    static final float TAIL_LARGEST = 6.4f;

    /** The eighth root of Phi(-x) for x from 0 to TAIL_LARGEST, fitted so that x Phi(-x) is right to 7e-9. */
    static final float TAIL_0 = 0.91700405f;

    static final float TAIL_1 = -0.091457665f;
    static final float TAIL_2 = -0.031927347f;
    static final float TAIL_3 = -0.0006728507f;
    static final float TAIL_4 = 0.0015048078f;
    static final float TAIL_5 = 3.4293415e-05f;
    static final float TAIL_6 = -6.0337348e-05f;
    static final float TAIL_7 = 7.506507e-06f;
    static final float TAIL_8 = -2.986565e-07f;

    /** Below, tanh is {@code x + x^3 p(x^2)}; above, what e^2x loses next to 1 no longer shows. */
    static final float TANH_SMALL = 0.625f;

    /** p of tanh, from Cephes (Moshier), tanhf; in all tanh is right to 2.5e-7 of itself. */
    static final float TANH_0 = -3.33332819422e-1f;

    static final float TANH_1 = 1.33314422036e-1f;
    static final float TANH_2 = -5.37397155531e-2f;
    static final float TANH_3 = 2.06390887954e-2f;
    static final float TANH_4 = -5.70498872745e-3f;

    static final float INVERSE_SQRT_2PI = 0.39894228f;

    /** tanh's approximation of GELU is {@code x / (1 + e^-z)} with {@code z = x (GATE_1 + GATE_3 x^2)}: 2 sqrt(2 / pi), and that times 0.044715. */
    static final float GATE_1 = 1.5957692f;

    static final float GATE_3 = 0.07135482f;

    /** Of squares beyond, z has long left the range of e^z. */
    static final float GATE_SQUARE = 1e6f;

    private ScalarMath() {}

    /** e^x for x up to 88 (kernels need it up to 0 only); 0 where the result would be subnormal. */
    static float exp(float x) {
        float shifted = Math.fma(x, LOG2_E, ROUND);
        float n = shifted - ROUND;
        float r = Math.fma(n, -LN2_HIGH, x);
        r = Math.fma(n, -LN2_LOW, r);
        float p = Math.fma(EXP_4, r, EXP_3);
        p = Math.fma(p, r, EXP_2);
        p = Math.fma(p, r, EXP_1);
        p = Math.fma(p, r, EXP_0);
        p = Math.fma(p, r, 1);
        p = Math.fma(p, r, 1);
        // Adding n to the exponent multiplies by 2^n; n lies in the lowest bits of the shifted value.
        float scaled = Float.intBitsToFloat(Float.floatToRawIntBits(p) + (Float.floatToRawIntBits(shifted) << 23));
        return x < EXP_SMALLEST ? 0 : scaled;
    }

    /** 2^x for x up to 127; 0 below -125. */
    static float exp2(float x) {
        float shifted = x + ROUND;
        float r = x - (shifted - ROUND);
        float p = Math.fma(EXP2_5, r, EXP2_4);
        p = Math.fma(p, r, EXP2_3);
        p = Math.fma(p, r, EXP2_2);
        p = Math.fma(p, r, EXP2_1);
        p = Math.fma(p, r, 1);
        float scaled = Float.intBitsToFloat(Float.floatToRawIntBits(p) + (Float.floatToRawIntBits(shifted) << 23));
        return x < EXP2_SMALLEST ? 0 : scaled;
    }

    /**
     * {@code Phi(-|x|)}, Phi being the standard normal distribution; also right where it is small, to 6e-7 of itself for |x| < 0.5. Its eighth root
     * bends so little that one polynomial does, without the division that a fit of erf takes.
     */
    static float tail(float x) {
        float u = Float.intBitsToFloat(
                Math.min(Float.floatToRawIntBits(x) & Integer.MAX_VALUE, Float.floatToRawIntBits(TAIL_LARGEST)));
        float p = Math.fma(TAIL_8, u, TAIL_7);
        p = Math.fma(p, u, TAIL_6);
        p = Math.fma(p, u, TAIL_5);
        p = Math.fma(p, u, TAIL_4);
        p = Math.fma(p, u, TAIL_3);
        p = Math.fma(p, u, TAIL_2);
        p = Math.fma(p, u, TAIL_1);
        p = Math.fma(p, u, TAIL_0);
        p *= p;
        p *= p;
        return p * p;
    }

    /**
     * {@code x Phi(x)} (Hendrycks and Gimpel 2016, without the tanh approximation), as {@code max(x, 0) - |x| Phi(-|x|)}: at most 1.3e-7 and half
     * a unit in the last place away from it.
     */
    static float gelu(float x) {
        int bits = Float.floatToRawIntBits(x);
        return Math.fma(-Math.abs(x), tail(x), Float.intBitsToFloat(Math.max(bits, 0)));
    }

    /** {@code gelu'(x) = Phi(x) + x phi(x)}. */
    static float geluSlope(float x) {
        float density = exp(x * x * -0.5f) * INVERSE_SQRT_2PI;
        float tail = tail(x);
        return Math.fma(x, density, x > 0 ? 1 - tail : tail);
    }

    /** {@code 1 + e^-z}: x divided by it is SiLU where z is x, and else GELU's approximation. */
    static float closed(float x, boolean silu) {
        float z = silu ? x : x * Math.fma(Math.min(x * x, GATE_SQUARE), GATE_3, GATE_1);
        return 1 + exp(Math.min(-z, EXP_LARGEST));
    }

    /** Slope of {@code x / (1 + e^-z)}: with s what is divided by, {@code (1 + x (1 - 1 / s) z') / s}. */
    static float openSlope(float x, boolean silu) {
        float open = 1 / closed(x, silu);
        float rest = 1 - open;
        if (!silu) {
            rest *= Math.fma(Math.min(x * x, GATE_SQUARE), 3 * GATE_3, GATE_1);
        }
        return open * Math.fma(x, rest, 1);
    }

    /** tanh, also right where it is small. */
    static float tanh(float x) {
        float square = x * x;
        if (square < TANH_SMALL * TANH_SMALL) {
            float p = Math.fma(TANH_4, square, TANH_3);
            p = Math.fma(p, square, TANH_2);
            p = Math.fma(p, square, TANH_1);
            p = Math.fma(p, square, TANH_0);
            return Math.fma(p * square, x, x);
        }
        return 1 - 2 / (exp(Math.min(x + x, EXP_LARGEST)) + 1);
    }

    static float tanhSlope(float x) {
        float y = tanh(x);
        return Math.fma(-y, y, 1);
    }
}
