package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
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
    private static final IntVector TAIL_LARGEST =
            FloatVector.broadcast(F, ScalarMath.TAIL_LARGEST).reinterpretAsInts();
    private static final FloatVector TAIL_0 = FloatVector.broadcast(F, ScalarMath.TAIL_0);
    private static final FloatVector TAIL_1 = FloatVector.broadcast(F, ScalarMath.TAIL_1);
    private static final FloatVector TAIL_2 = FloatVector.broadcast(F, ScalarMath.TAIL_2);
    private static final FloatVector TAIL_3 = FloatVector.broadcast(F, ScalarMath.TAIL_3);
    private static final FloatVector TAIL_4 = FloatVector.broadcast(F, ScalarMath.TAIL_4);
    private static final FloatVector TAIL_5 = FloatVector.broadcast(F, ScalarMath.TAIL_5);
    private static final FloatVector TAIL_6 = FloatVector.broadcast(F, ScalarMath.TAIL_6);
    private static final FloatVector TAIL_7 = FloatVector.broadcast(F, ScalarMath.TAIL_7);
    private static final FloatVector TAIL_8 = FloatVector.broadcast(F, ScalarMath.TAIL_8);
    private static final FloatVector INVERSE_SQRT_2PI = FloatVector.broadcast(F, ScalarMath.INVERSE_SQRT_2PI);
    private static final FloatVector MINUS_HALF = FloatVector.broadcast(F, -0.5f);

    private static final FloatVector TWO = FloatVector.broadcast(F, 2);
    private static final FloatVector EXP_LARGEST = FloatVector.broadcast(F, ScalarMath.EXP_LARGEST);
    private static final FloatVector TANH_SMALL_SQUARE =
            FloatVector.broadcast(F, ScalarMath.TANH_SMALL * ScalarMath.TANH_SMALL);
    private static final FloatVector TANH_0 = FloatVector.broadcast(F, ScalarMath.TANH_0);
    private static final FloatVector TANH_1 = FloatVector.broadcast(F, ScalarMath.TANH_1);
    private static final FloatVector TANH_2 = FloatVector.broadcast(F, ScalarMath.TANH_2);
    private static final FloatVector TANH_3 = FloatVector.broadcast(F, ScalarMath.TANH_3);
    private static final FloatVector TANH_4 = FloatVector.broadcast(F, ScalarMath.TANH_4);

    private static final FloatVector GATE_1 = FloatVector.broadcast(F, ScalarMath.GATE_1);
    private static final FloatVector GATE_3 = FloatVector.broadcast(F, ScalarMath.GATE_3);
    private static final FloatVector GATE_SQUARE = FloatVector.broadcast(F, ScalarMath.GATE_SQUARE);
    private static final FloatVector GATE_SLOPE_3 = FloatVector.broadcast(F, 3 * ScalarMath.GATE_3);

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

    static FloatVector tail(FloatVector x) {
        FloatVector u =
                x.reinterpretAsInts().and(Integer.MAX_VALUE).min(TAIL_LARGEST).reinterpretAsFloats();
        FloatVector p = TAIL_8.fma(u, TAIL_7)
                .fma(u, TAIL_6)
                .fma(u, TAIL_5)
                .fma(u, TAIL_4)
                .fma(u, TAIL_3)
                .fma(u, TAIL_2)
                .fma(u, TAIL_1)
                .fma(u, TAIL_0);
        p = p.mul(p);
        p = p.mul(p);
        return p.mul(p);
    }

    static FloatVector gelu(FloatVector x) {
        FloatVector positive = x.reinterpretAsInts().max(0).reinterpretAsFloats();
        FloatVector minus = x.reinterpretAsInts().or(Integer.MIN_VALUE).reinterpretAsFloats();
        return tail(x).fma(minus, positive);
    }

    /**
     * {@link #gelu(FloatVector)} of the values from {@code from} up to {@code to}, whole pairs of vectors, in place. It is written out for products: their
     * compilation is so large that C2 may stop inlining before it gets here, and in one JVM of ten each vector became two objects. The constants are made
     * here because those in static fields are memory, which C2 reads again in each turn of a loop that stores floats.
     */
    static void gelu(float[] values, int from, int to) {
        IntVector largest = FloatVector.broadcast(F, ScalarMath.TAIL_LARGEST).reinterpretAsInts();
        FloatVector c0 = FloatVector.broadcast(F, ScalarMath.TAIL_0);
        FloatVector c1 = FloatVector.broadcast(F, ScalarMath.TAIL_1);
        FloatVector c2 = FloatVector.broadcast(F, ScalarMath.TAIL_2);
        FloatVector c3 = FloatVector.broadcast(F, ScalarMath.TAIL_3);
        FloatVector c4 = FloatVector.broadcast(F, ScalarMath.TAIL_4);
        FloatVector c5 = FloatVector.broadcast(F, ScalarMath.TAIL_5);
        FloatVector c6 = FloatVector.broadcast(F, ScalarMath.TAIL_6);
        FloatVector c7 = FloatVector.broadcast(F, ScalarMath.TAIL_7);
        FloatVector c8 = FloatVector.broadcast(F, ScalarMath.TAIL_8);
        for (int i = from; i < to; i += 2 * LANES) {
            IntVector x0 = FloatVector.fromArray(F, values, i).reinterpretAsInts();
            IntVector x1 = FloatVector.fromArray(F, values, i + LANES).reinterpretAsInts();
            FloatVector u0 = x0.and(Integer.MAX_VALUE).min(largest).reinterpretAsFloats();
            FloatVector u1 = x1.and(Integer.MAX_VALUE).min(largest).reinterpretAsFloats();
            FloatVector p0 = c8.fma(u0, c7).fma(u0, c6).fma(u0, c5).fma(u0, c4);
            FloatVector p1 = c8.fma(u1, c7).fma(u1, c6).fma(u1, c5).fma(u1, c4);
            p0 = p0.fma(u0, c3).fma(u0, c2).fma(u0, c1).fma(u0, c0);
            p1 = p1.fma(u1, c3).fma(u1, c2).fma(u1, c1).fma(u1, c0);
            p0 = p0.mul(p0);
            p1 = p1.mul(p1);
            p0 = p0.mul(p0);
            p1 = p1.mul(p1);
            FloatVector minus0 = x0.or(Integer.MIN_VALUE).reinterpretAsFloats();
            FloatVector minus1 = x1.or(Integer.MIN_VALUE).reinterpretAsFloats();
            p0.mul(p0).fma(minus0, x0.max(0).reinterpretAsFloats()).intoArray(values, i);
            p1.mul(p1).fma(minus1, x1.max(0).reinterpretAsFloats()).intoArray(values, i + LANES);
        }
    }

    static FloatVector geluSlope(FloatVector x) {
        FloatVector density = exp(x.mul(x).mul(MINUS_HALF)).mul(INVERSE_SQRT_2PI);
        FloatVector tail = tail(x);
        return x.fma(density, tail.blend(ONE.sub(tail), x.compare(GT, ZERO)));
    }

    /** {@code 1 + e^-x}. */
    static FloatVector siluClosed(FloatVector x) {
        return exp(x.neg().min(EXP_LARGEST)).add(ONE);
    }

    static FloatVector siluSlope(FloatVector x) {
        FloatVector open = ONE.div(siluClosed(x));
        return open.mul(x.fma(ONE.sub(open), ONE));
    }

    /** {@code 1 + e^-z}, z being as in {@link ScalarMath#GATE_1}. */
    static FloatVector geluTanhClosed(FloatVector x) {
        return siluClosed(x.mul(x.mul(x).min(GATE_SQUARE).fma(GATE_3, GATE_1)));
    }

    static FloatVector geluTanhSlope(FloatVector x) {
        FloatVector open = ONE.div(geluTanhClosed(x));
        FloatVector slope = x.mul(x).min(GATE_SQUARE).fma(GATE_SLOPE_3, GATE_1);
        return open.mul(x.fma(ONE.sub(open).mul(slope), ONE));
    }

    /** The largest lane. As integers of the same order, since reduceLanes(MAX) on floats takes many steps to get NaN and -0 right. */
    static float largestLane(FloatVector x) {
        IntVector bits = x.reinterpretAsInts();
        IntVector ordered = bits.lanewise(ASHR, 31).and(Integer.MAX_VALUE).lanewise(XOR, bits);
        int largest = ordered.reduceLanes(MAX);
        return Float.intBitsToFloat(largest ^ (largest >> 31 & Integer.MAX_VALUE));
    }

    static FloatVector tanh(FloatVector x) {
        FloatVector square = x.mul(x);
        FloatVector p = TANH_4.fma(square, TANH_3)
                .fma(square, TANH_2)
                .fma(square, TANH_1)
                .fma(square, TANH_0);
        FloatVector small = p.mul(square).fma(x, x);
        FloatVector large = ONE.sub(TWO.div(exp(x.add(x).min(EXP_LARGEST)).add(ONE)));
        return large.blend(small, square.compare(LT, TANH_SMALL_SQUARE));
    }

    static FloatVector tanhSlope(FloatVector x) {
        FloatVector y = tanh(x);
        return y.neg().fma(y, ONE);
    }
}
