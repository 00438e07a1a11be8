package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.XOR;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * {@link ScalarMath} on vectors: the same operations in the same order, so each lane has the same bits as its twin.
 *
 * <p>These methods must be inlined wherever they are used, or their vectors are boxed. C2 gives up on that when the caller has grown too large
 * (NodeCountInliningCutoff), and making a vector from a constant costs as much of that budget as arithmetic; so the constants are made once.
 */
final class VectorMath {
    private static final FloatVector ONE = FloatVector.broadcast(F, 1);
    private static final FloatVector HALF = FloatVector.broadcast(F, 0.5f);
    private static final FloatVector LOG2_E = FloatVector.broadcast(F, ScalarMath.LOG2_E);
    private static final FloatVector ROUND = FloatVector.broadcast(F, ScalarMath.ROUND);
    private static final FloatVector MINUS_LN2_HIGH = FloatVector.broadcast(F, -ScalarMath.LN2_HIGH);
    private static final FloatVector MINUS_LN2_LOW = FloatVector.broadcast(F, -ScalarMath.LN2_LOW);
    private static final FloatVector EXP_0 = FloatVector.broadcast(F, ScalarMath.EXP_0);
    private static final FloatVector EXP_1 = FloatVector.broadcast(F, ScalarMath.EXP_1);
    private static final FloatVector EXP_2 = FloatVector.broadcast(F, ScalarMath.EXP_2);
    private static final FloatVector EXP_3 = FloatVector.broadcast(F, ScalarMath.EXP_3);
    private static final FloatVector EXP_4 = FloatVector.broadcast(F, ScalarMath.EXP_4);
    private static final FloatVector EXP_SMALLEST = FloatVector.broadcast(F, ScalarMath.EXP_SMALLEST);
    private static final FloatVector ZERO = FloatVector.zero(F);
    private static final FloatVector ERF_LARGEST = FloatVector.broadcast(F, ScalarMath.ERF_LARGEST);
    private static final FloatVector ERF_SMALLEST = FloatVector.broadcast(F, -ScalarMath.ERF_LARGEST);
    private static final FloatVector ERF_P0 = FloatVector.broadcast(F, ScalarMath.ERF_P0);
    private static final FloatVector ERF_P1 = FloatVector.broadcast(F, ScalarMath.ERF_P1);
    private static final FloatVector ERF_P2 = FloatVector.broadcast(F, ScalarMath.ERF_P2);
    private static final FloatVector ERF_P3 = FloatVector.broadcast(F, ScalarMath.ERF_P3);
    private static final FloatVector ERF_P4 = FloatVector.broadcast(F, ScalarMath.ERF_P4);
    private static final FloatVector ERF_P5 = FloatVector.broadcast(F, ScalarMath.ERF_P5);
    private static final FloatVector ERF_Q1 = FloatVector.broadcast(F, ScalarMath.ERF_Q1);
    private static final FloatVector ERF_Q2 = FloatVector.broadcast(F, ScalarMath.ERF_Q2);
    private static final FloatVector ERF_Q3 = FloatVector.broadcast(F, ScalarMath.ERF_Q3);
    private static final FloatVector ERF_Q4 = FloatVector.broadcast(F, ScalarMath.ERF_Q4);
    private static final FloatVector ERF_Q5 = FloatVector.broadcast(F, ScalarMath.ERF_Q5);
    private static final FloatVector INVERSE_SQRT_2 = FloatVector.broadcast(F, ScalarMath.INVERSE_SQRT_2);
    private static final FloatVector INVERSE_SQRT_2PI = FloatVector.broadcast(F, ScalarMath.INVERSE_SQRT_2PI);
    private static final FloatVector MINUS_HALF = FloatVector.broadcast(F, -0.5f);

    private VectorMath() {}

    static FloatVector exp(FloatVector x) {
        FloatVector shifted = x.fma(LOG2_E, ROUND);
        FloatVector n = shifted.sub(ROUND);
        FloatVector r = n.fma(MINUS_LN2_LOW, n.fma(MINUS_LN2_HIGH, x));
        FloatVector p = EXP_4.fma(r, EXP_3)
                .fma(r, EXP_2)
                .fma(r, EXP_1)
                .fma(r, EXP_0)
                .fma(r, ONE)
                .fma(r, ONE);
        FloatVector scaled = p.reinterpretAsInts()
                .add(shifted.reinterpretAsInts().lanewise(LSHL, 23))
                .reinterpretAsFloats();
        return scaled.blend(ZERO, x.compare(LT, EXP_SMALLEST));
    }

    static FloatVector erf(FloatVector x) {
        x = x.blend(ERF_LARGEST, x.compare(GT, ERF_LARGEST));
        x = x.blend(ERF_SMALLEST, x.compare(LT, ERF_SMALLEST));
        FloatVector t = x.mul(x);
        FloatVector p = ERF_P5.fma(t, ERF_P4)
                .fma(t, ERF_P3)
                .fma(t, ERF_P2)
                .fma(t, ERF_P1)
                .fma(t, ERF_P0);
        FloatVector q = ERF_Q5.fma(t, ERF_Q4)
                .fma(t, ERF_Q3)
                .fma(t, ERF_Q2)
                .fma(t, ERF_Q1)
                .fma(t, ONE);
        return x.mul(p).div(q);
    }

    static FloatVector gelu(FloatVector x) {
        return x.mul(normalCdf(x));
    }

    static FloatVector geluSlope(FloatVector x) {
        FloatVector density = exp(x.mul(x).mul(MINUS_HALF)).mul(INVERSE_SQRT_2PI);
        return x.fma(density, normalCdf(x));
    }

    private static FloatVector normalCdf(FloatVector x) {
        return erf(x.mul(INVERSE_SQRT_2)).fma(HALF, HALF);
    }

    /** The largest lane. As integers of the same order, since reduceLanes(MAX) on floats takes many steps to get NaN and -0 right. */
    static float largestLane(FloatVector x) {
        IntVector bits = x.reinterpretAsInts();
        IntVector ordered = bits.lanewise(ASHR, 31).and(Integer.MAX_VALUE).lanewise(XOR, bits);
        int largest = ordered.reduceLanes(MAX);
        return Float.intBitsToFloat(largest ^ (largest >> 31 & Integer.MAX_VALUE));
    }
}
