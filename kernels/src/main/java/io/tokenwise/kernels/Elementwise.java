package io.tokenwise.kernels;

/** Operations on each value by itself, over the index range {@code from} (inclusive) to {@code to} (exclusive). */
public interface Elementwise {
    /** {@code y = x * (1 + erf(x / sqrt 2)) / 2}. May run in place. */
    void gelu(Floats x, Floats y, int from, int to);

    /** {@code dx = dy * gelu'(x)}. dx may be dy. */
    void geluBackward(Floats x, Floats dy, Floats dx, int from, int to);

    /** {@code y = a + b}. y may be a or b. */
    void add(Floats a, Floats b, Floats y, int from, int to);

    /** {@code y += factor * x}. */
    void addScaled(Floats x, float factor, Floats y, int from, int to);

    /** Sum of squares, accumulated in double. */
    double sumOfSquares(Floats x, int from, int to);

    /**
     * One step of AdamW (Loshchilov and Hutter 2019, algorithm 2): {@code m = b1 m + (1-b1) g s}, {@code v = b2 v + (1-b2) (g s)^2},
     * {@code w -= rate * (m / correction1 / (sqrt(v / correction2) + epsilon) + decay * w)} where s is {@code gradientScale}.
     */
    void adamW(Floats w, Floats gradient, Floats m, Floats v, AdamWStep step, int from, int to);

    /** The scalars of one optimizer step. {@code correctionN} is {@code 1 - betaN^t}. */
    record AdamWStep(
            float rate,
            float beta1,
            float beta2,
            float epsilon,
            float decay,
            float correction1,
            float correction2,
            float gradientScale) {}
}
