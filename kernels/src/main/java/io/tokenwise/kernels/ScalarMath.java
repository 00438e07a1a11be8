package io.tokenwise.kernels;

/**
 * exp, 2^x and what GELU is made of, in float, and activations of what becomes bytes. The coefficients are minimax fits made for this project (weighted least
 * squares, iterated to equal ripple; of what becomes bytes linear programs); errors are measured against double over every float that the range holds at a
 * fine step, see {@code ElementwiseTest} and {@code ConversionsTest}.
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

    /**
     * Of sums, which become bytes: the fourth root of GELU's tail {@code Phi(-x)} for x from 0 to the first number, beyond which the tail is 0. The others are the
     * coefficients of v, v^2 and so on, v being how far x is from there. Minimax fits of {@code max(x, 1/2) Phi(-x)}, so that small results are right by
     * their own size too: to 5.9e-6, and with tanh's approximation of Phi to 1.02e-5.
     */
    static final float[] SUM_GELU = {
        5.6f, 0.01807126f, 0.025729978f, -0.014708883f, 0.008406949f, -0.0015279271f, 8.6342734e-05f
    };

    static final float[] SUM_GELU_TANH = {
        5.4f, 0.005759629f, 0.03217226f, -0.009189586f, 0.0058948537f, -0.0011872199f, 7.0883216e-05f
    };

    /** Of sums: 2^f for |f| up to 1/2, a minimax fit, to 7.5e-5 of itself. */
    static final float SUM_EXP2_0 = 0.99992807f;

    static final float SUM_EXP2_1 = 0.69326106f;
    static final float SUM_EXP2_2 = 0.24261117f;
    static final float SUM_EXP2_3 = 0.05517142f;

    /** Of sums: between this exponent and its negative neither 2^x nor {@code 1 / (1 + 2^x)} is subnormal. Beyond, SiLU is its argument, or as good as 0. */
    static final float SUM_EXP2_LARGEST = 125;

    /**
     * Less the bits of a positive number it is those of its reciprocal, to 5.1 %: bits are nearly a logarithm (Mitchell 1962). It is such that the error is
     * as large on either side.
     */
    static final int SUM_RECIPROCAL = 0x7ef311c7;

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

    /**
     * {@link #gelu} of what becomes a byte, by one of the tails of sums: to {@code c min(1, 2 |x|)}, c being 6.5e-6, or 1.1e-5 with tanh's approximation. An
     * infinity makes no number.
     */
    static float geluOfSum(float x, float[] tail) {
        float minus = -Math.abs(x);
        float left = Float.intBitsToFloat(Math.max(Float.floatToRawIntBits(minus + tail[0]), 0));
        float p = Math.fma(tail[6], left, tail[5]);
        p = Math.fma(p, left, tail[4]);
        p = Math.fma(p, left, tail[3]);
        p = Math.fma(p, left, tail[2]);
        p = Math.fma(p, left, tail[1]);
        p *= left;
        p *= p;
        return Math.fma(minus, p * p, Float.intBitsToFloat(Math.max(Float.floatToRawIntBits(x), 0)));
    }

    /**
     * {@code up * gate / (1 + e^-gate)} of what becomes a byte: to 8.2e-5 of itself for gates from -86 on, and 2e-5 of {@code up max(1, |gate|)}. It divides by
     * {@code d = 1 + 2^t} without a division: where a reciprocal r of d is wrong by {@code h = 1 - d r}, {@code r (1 + h) (1 + h^2)} is by h^4.
     */
    static float siluOfSum(float up, float gate) {
        // As integers, numbers below a positive one are less too; as unsigned ones, numbers above a negative one are.
        int bits = Math.min(Float.floatToRawIntBits(gate * -LOG2_E), Float.floatToRawIntBits(SUM_EXP2_LARGEST));
        int least = Float.floatToRawIntBits(-SUM_EXP2_LARGEST);
        float t = Float.intBitsToFloat(Integer.compareUnsigned(bits, least) < 0 ? bits : least);
        float shifted = t + ROUND;
        float f = t - (shifted - ROUND);
        float p = Math.fma(SUM_EXP2_3, f, SUM_EXP2_2);
        p = Math.fma(p, f, SUM_EXP2_1);
        p = Math.fma(p, f, SUM_EXP2_0);
        float d = 1 + Float.intBitsToFloat(Float.floatToRawIntBits(p) + (Float.floatToRawIntBits(shifted) << 23));
        float r = Float.intBitsToFloat(SUM_RECIPROCAL - Float.floatToRawIntBits(d));
        float h = Math.fma(-d, r, 1);
        float y = up * gate * r;
        y = Math.fma(y, h, y);
        return Math.fma(y, h * h, y);
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
