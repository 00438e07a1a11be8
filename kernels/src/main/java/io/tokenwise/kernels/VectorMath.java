package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** {@link ScalarMath} on vectors: the same operations in the same order, so each lane has the same bits as its twin. */
final class VectorMath {
    private VectorMath() {}

    static FloatVector exp(FloatVector x) {
        FloatVector shifted = x.fma(constant(ScalarMath.LOG2_E), constant(ScalarMath.ROUND));
        FloatVector n = shifted.sub(ScalarMath.ROUND);
        FloatVector r = n.fma(constant(-ScalarMath.LN2_HIGH), x);
        r = n.fma(constant(-ScalarMath.LN2_LOW), r);
        FloatVector p = constant(ScalarMath.EXP_4).fma(r, constant(ScalarMath.EXP_3));
        p = p.fma(r, constant(ScalarMath.EXP_2));
        p = p.fma(r, constant(ScalarMath.EXP_1));
        p = p.fma(r, constant(ScalarMath.EXP_0));
        p = p.fma(r, constant(1));
        p = p.fma(r, constant(1));
        FloatVector scaled = p.reinterpretAsInts()
                .add(shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23))
                .reinterpretAsFloats();
        scaled = scaled.blend(0, x.compare(VectorOperators.LT, ScalarMath.EXP_SMALLEST));
        return scaled.blend(Float.POSITIVE_INFINITY, x.compare(VectorOperators.GT, ScalarMath.EXP_LARGEST));
    }

    static FloatVector erf(FloatVector x) {
        x = x.blend(ScalarMath.ERF_LARGEST, x.compare(VectorOperators.GT, ScalarMath.ERF_LARGEST));
        x = x.blend(-ScalarMath.ERF_LARGEST, x.compare(VectorOperators.LT, -ScalarMath.ERF_LARGEST));
        FloatVector t = x.mul(x);
        FloatVector p = constant(ScalarMath.ERF_P5).fma(t, constant(ScalarMath.ERF_P4));
        p = p.fma(t, constant(ScalarMath.ERF_P3));
        p = p.fma(t, constant(ScalarMath.ERF_P2));
        p = p.fma(t, constant(ScalarMath.ERF_P1));
        p = p.fma(t, constant(ScalarMath.ERF_P0));
        FloatVector q = constant(ScalarMath.ERF_Q5).fma(t, constant(ScalarMath.ERF_Q4));
        q = q.fma(t, constant(ScalarMath.ERF_Q3));
        q = q.fma(t, constant(ScalarMath.ERF_Q2));
        q = q.fma(t, constant(ScalarMath.ERF_Q1));
        q = q.fma(t, constant(1));
        return x.mul(p).div(q);
    }

    static FloatVector gelu(FloatVector x) {
        return x.mul(normalCdf(x));
    }

    static FloatVector geluSlope(FloatVector x) {
        FloatVector density = exp(x.mul(x).mul(-0.5f)).mul(ScalarMath.INVERSE_SQRT_2PI);
        return x.fma(density, normalCdf(x));
    }

    private static FloatVector normalCdf(FloatVector x) {
        return erf(x.mul(ScalarMath.INVERSE_SQRT_2)).fma(constant(0.5f), constant(0.5f));
    }

    private static FloatVector constant(float value) {
        return FloatVector.broadcast(F, value);
    }
}
