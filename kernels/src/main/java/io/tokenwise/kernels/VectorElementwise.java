package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.load;
import static io.tokenwise.kernels.Species.store;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Values a vector at a time; what remains at the end of a range goes to the scalar twin, which gives the same bits. */
final class VectorElementwise implements Elementwise {
    private static final VectorSpecies<Double> D = VectorSpecies.of(double.class, F.vectorShape());

    private final ScalarElementwise rest = new ScalarElementwise();

    private static int wholeEnd(int from, int to) {
        return from + F.loopBound(Math.max(0, to - from));
    }

    @Override
    public void gelu(Floats x, Floats y, int from, int to) {
        int end = wholeEnd(from, to);
        for (int i = from; i < end; i += LANES) {
            store(VectorMath.gelu(load(x, i)), y, i);
        }
        rest.gelu(x, y, end, to);
    }

    @Override
    public void geluBackward(Floats x, Floats dy, Floats dx, int from, int to) {
        int end = wholeEnd(from, to);
        for (int i = from; i < end; i += LANES) {
            store(load(dy, i).mul(VectorMath.geluSlope(load(x, i))), dx, i);
        }
        rest.geluBackward(x, dy, dx, end, to);
    }

    @Override
    public void add(Floats a, Floats b, Floats y, int from, int to) {
        int end = wholeEnd(from, to);
        for (int i = from; i < end; i += LANES) {
            store(load(a, i).add(load(b, i)), y, i);
        }
        rest.add(a, b, y, end, to);
    }

    @Override
    public void addScaled(Floats x, float factor, Floats y, int from, int to) {
        int end = wholeEnd(from, to);
        FloatVector f = FloatVector.broadcast(F, factor);
        for (int i = from; i < end; i += LANES) {
            store(load(x, i).fma(f, load(y, i)), y, i);
        }
        rest.addScaled(x, factor, y, end, to);
    }

    @Override
    public double sumOfSquares(Floats x, int from, int to) {
        int end = wholeEnd(from, to);
        DoubleVector low = DoubleVector.zero(D);
        DoubleVector high = DoubleVector.zero(D);
        for (int i = from; i < end; i += LANES) {
            FloatVector value = load(x, i);
            DoubleVector a = (DoubleVector) value.convertShape(VectorOperators.F2D, D, 0);
            DoubleVector b = (DoubleVector) value.convertShape(VectorOperators.F2D, D, 1);
            low = a.fma(a, low);
            high = b.fma(b, high);
        }
        // One after the other: reduceLanes has another order when interpreted than when compiled.
        double sum = rest.sumOfSquares(x, end, to);
        for (double lane : low.add(high).toDoubleArray()) {
            sum += lane;
        }
        return sum;
    }

    @Override
    public void adamW(Floats w, Floats gradient, Floats m, Floats v, AdamWStep step, int from, int to) {
        int end = wholeEnd(from, to);
        float inverse1 = 1 / step.correction1();
        float inverse2 = 1 / step.correction2();
        FloatVector beta1 = FloatVector.broadcast(F, step.beta1());
        FloatVector beta2 = FloatVector.broadcast(F, step.beta2());
        FloatVector rate = FloatVector.broadcast(F, -step.rate());
        FloatVector decay = FloatVector.broadcast(F, step.decay());
        for (int i = from; i < end; i += LANES) {
            FloatVector g = load(gradient, i).mul(step.gradientScale());
            FloatVector mean = beta1.fma(load(m, i), g.mul(1 - step.beta1()));
            FloatVector square = beta2.fma(load(v, i), g.mul(g).mul(1 - step.beta2()));
            FloatVector direction =
                    mean.mul(inverse1).div(square.mul(inverse2).sqrt().add(step.epsilon()));
            FloatVector weight = load(w, i);
            store(mean, m, i);
            store(square, v, i);
            store(rate.fma(decay.fma(weight, direction), weight), w, i);
        }
        rest.adamW(w, gradient, m, v, step, end, to);
    }
}
