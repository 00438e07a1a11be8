package io.tokenwise.kernels;

/** Values one by one. {@link VectorElementwise} does the same operations in the same order, and ends its ranges here. */
final class ScalarElementwise implements Elementwise {
    @Override
    public void gelu(Floats x, Floats y, int from, int to) {
        for (int i = from; i < to; i++) {
            y.set(i, ScalarMath.gelu(x.get(i)));
        }
    }

    @Override
    public void geluBackward(Floats x, Floats dy, Floats dx, int from, int to) {
        for (int i = from; i < to; i++) {
            dx.set(i, dy.get(i) * ScalarMath.geluSlope(x.get(i)));
        }
    }

    @Override
    public void add(Floats a, Floats b, Floats y, int from, int to) {
        for (int i = from; i < to; i++) {
            y.set(i, a.get(i) + b.get(i));
        }
    }

    @Override
    public void addScaled(Floats x, float factor, Floats y, int from, int to) {
        for (int i = from; i < to; i++) {
            y.set(i, Math.fma(x.get(i), factor, y.get(i)));
        }
    }

    @Override
    public double sumOfSquares(Floats x, int from, int to) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            double value = x.get(i);
            sum += value * value;
        }
        return sum;
    }

    @Override
    public void adamW(Floats w, Floats gradient, Floats m, Floats v, AdamWStep step, int from, int to) {
        float inverse1 = 1 / step.correction1();
        float inverse2 = 1 / step.correction2();
        for (int i = from; i < to; i++) {
            float g = gradient.get(i) * step.gradientScale();
            float mean = Math.fma(step.beta1(), m.get(i), (1 - step.beta1()) * g);
            float square = Math.fma(step.beta2(), v.get(i), (1 - step.beta2()) * (g * g));
            float direction = mean * inverse1 / ((float) Math.sqrt(square * inverse2) + step.epsilon());
            float weight = w.get(i);
            m.set(i, mean);
            v.set(i, square);
            w.set(i, Math.fma(-step.rate(), Math.fma(step.decay(), weight, direction), weight));
        }
    }
}
