package io.tokenwise.kernels;

/**
 * exp, erf and what GELU is made of, in float. The coefficients are minimax fits made for this project (weighted least squares, iterated to
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

    /** {@code (e^r - 1 - r) / r^2} for |r| up to ln 2 / 2. */
    static final float EXP_0 = 0.49999994f;

    static final float EXP_1 = 0.16666521f;
    static final float EXP_2 = 0.04166839f;
    static final float EXP_3 = 0.008368745f;
    static final float EXP_4 = 0.001381454f;

    /** Beyond, erf is 1 to float precision. */
    static final float ERF_LARGEST = 3.92f;

    /** {@code erf(x) = x P(x^2) / Q(x^2)}, fitted to 2e-8 relative. */
    static final float ERF_P0 = 1.1283791065216064f;

    static final float ERF_P1 = 0.19039683043956757f;
    static final float ERF_P2 = 0.052747271955013275f;
    static final float ERF_P3 = 0.003765157423913479f;
    static final float ERF_P4 = 0.0002848648582585156f;
    static final float ERF_P5 = 2.0500626760622254e-06f;
    static final float ERF_Q1 = 0.5020675659179688f;
    static final float ERF_Q2 = 0.1141049712896347f;
    static final float ERF_Q3 = 0.014968299306929111f;
    static final float ERF_Q4 = 0.0011624101316556334f;
    static final float ERF_Q5 = 3.8090525777079165e-05f;

    static final float INVERSE_SQRT_2 = 0.70710678f;
    static final float INVERSE_SQRT_2PI = 0.39894228f;

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

    static float erf(float x) {
        if (x > ERF_LARGEST) {
            x = ERF_LARGEST;
        }
        if (x < -ERF_LARGEST) {
            x = -ERF_LARGEST;
        }
        float t = x * x;
        float p = Math.fma(ERF_P5, t, ERF_P4);
        p = Math.fma(p, t, ERF_P3);
        p = Math.fma(p, t, ERF_P2);
        p = Math.fma(p, t, ERF_P1);
        p = Math.fma(p, t, ERF_P0);
        float q = Math.fma(ERF_Q5, t, ERF_Q4);
        q = Math.fma(q, t, ERF_Q3);
        q = Math.fma(q, t, ERF_Q2);
        q = Math.fma(q, t, ERF_Q1);
        q = Math.fma(q, t, 1);
        return x * p / q;
    }

    /** {@code x Phi(x)}, Phi being the standard normal distribution (Hendrycks and Gimpel 2016, without the tanh approximation). */
    static float gelu(float x) {
        return x * normalCdf(x);
    }

    /** {@code gelu'(x) = Phi(x) + x phi(x)}. */
    static float geluSlope(float x) {
        float density = exp(x * x * -0.5f) * INVERSE_SQRT_2PI;
        return Math.fma(x, density, normalCdf(x));
    }

    private static float normalCdf(float x) {
        return Math.fma(erf(x * INVERSE_SQRT_2), 0.5f, 0.5f);
    }
}
