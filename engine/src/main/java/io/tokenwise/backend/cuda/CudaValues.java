package io.tokenwise.backend.cuda;

import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;

/** {@link Stream}'s operations on values, whatever their place in a matrix, as launches; shapes are already checked. */
final class CudaValues {
    /** Values whose squares a block of sumOfSquaresParts adds up. */
    private static final int SQUARES_PART = 16_384;

    private final Launches launches;

    CudaValues(Launches launches) {
        this.launches = launches;
    }

    void gelu(Tensor x, Tensor y) {
        launches.kernel("geluForward").tensor(x).tensor(y).count(x.size()).runValues(x);
    }

    void geluBackward(Tensor x, Tensor dy, Tensor dx) {
        launches.kernel("geluBackward")
                .tensor(x)
                .tensor(dy)
                .tensor(dx)
                .integer(x.size())
                .runValues(x);
    }

    void tanh(Tensor x, Tensor y) {
        launches.kernel("tanhValues").tensor(x).tensor(y).count(x.size()).runValues(x);
    }

    void add(Tensor a, Tensor b, Tensor y) {
        launches.kernel("addValues")
                .tensor(a)
                .tensor(b)
                .tensor(y)
                .count(y.size())
                .runValues(y);
    }

    void addScaled(Tensor x, float factor, Tensor y) {
        launches.kernel("addScaled")
                .tensor(x)
                .floating(factor)
                .tensor(y)
                .integer(y.size())
                .runValues(y);
    }

    void copy(Tensor x, Tensor y) {
        launches.kernel("copyValues").tensor(x).tensor(y).count(x.size()).runValues(x);
    }

    void fill(Tensor x, float value) {
        launches.kernel("fillValues")
                .tensor(x)
                .floating(value)
                .integer(x.size())
                .runValues(x);
    }

    /** Waits for the device, since the host wants to know. */
    double sumOfSquares(Tensor x) {
        int parts = Launches.blocks(x.size(), SQUARES_PART);
        long sums = launches.begin().scratch((long) (parts + 1) * Double.BYTES);
        long total = sums + (long) parts * Double.BYTES;
        launches.kernel("sumOfSquaresParts")
                .tensor(x)
                .integer(x.size())
                .pointer(sums)
                .run(parts, 256);
        launches.kernel("sumParts").pointer(sums).integer(parts).pointer(total).run(1, 256);
        return launches.readDouble(total);
    }
}
