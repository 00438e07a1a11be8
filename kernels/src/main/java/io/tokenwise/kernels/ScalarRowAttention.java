package io.tokenwise.kernels;

/** Without vectors. */
final class ScalarRowAttention extends RowAttention {
    @Override
    float dot(Floats a, long aAt, Floats b, long bAt, int count) {
        float sum = 0;
        for (int i = 0; i < count; i++) {
            sum = Math.fma(a.get(aAt + i), b.get(bAt + i), sum);
        }
        return sum;
    }

    @Override
    void addScaled(float factor, Floats x, long xAt, Floats y, long yAt, int count) {
        for (int i = 0; i < count; i++) {
            y.set(yAt + i, Math.fma(factor, x.get(xAt + i), y.get(yAt + i)));
        }
    }
}
