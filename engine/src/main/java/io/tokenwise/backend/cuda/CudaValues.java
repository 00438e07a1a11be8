package io.tokenwise.backend.cuda;

import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;
import java.util.List;

/** {@link Stream}'s operations on values, whatever their place in a matrix, as launches; shapes are already checked. */
final class CudaValues {
    /** Values whose squares a block of sumOfSquaresParts adds up. */
    private static final int SQUARES_PART = 16_384;

    private final Launches launches;

    CudaValues(Launches launches) {
        this.launches = launches;
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

    /** Waits for the device once, since the host wants to know. */
    double[] sumsOfSquares(List<Tensor> tensors) {
        var sums = new double[tensors.size()];
        if (sums.length == 0) {
            return sums;
        }
        int allParts = tensors.stream().mapToInt(CudaValues::squaresParts).sum();
        long totals = launches.begin().scratch((long) (sums.length + allParts) * Double.BYTES);
        long total = totals;
        long parts = totals + (long) sums.length * Double.BYTES;
        for (Tensor x : tensors) {
            int count = squaresParts(x);
            launches.kernel("sumOfSquaresParts")
                    .tensor(x)
                    .integer(x.size())
                    .pointer(parts)
                    .run(count, 256);
            launches.kernel("sumParts")
                    .pointer(parts)
                    .integer(count)
                    .pointer(total)
                    .run(1, 256);
            parts += (long) count * Double.BYTES;
            total += Double.BYTES;
        }
        launches.readDoubles(totals, sums, sums.length);
        return sums;
    }

    private static int squaresParts(Tensor x) {
        return Launches.blocks(x.size(), SQUARES_PART);
    }
}
