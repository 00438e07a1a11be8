package io.tokenwise.backend.cuda;

import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;

/** {@link Stream}'s losses as launches, in double as on the CPU; shapes are already checked. Each waits for the device, since the host wants to know its loss. */
final class CudaLosses {
    /** Values of which a block makes a part of a sum over a whole tensor. */
    private static final int PART = 4_096;

    private static final int BLOCK = 256;

    private final Launches launches;

    CudaLosses(Launches launches) {
        this.launches = launches;
    }

    double cosineDistance(Tensor y, Tensor target, Tensor dy) {
        int parts = Launches.blocks(y.size(), PART);
        launches.begin();
        long sums = doubles(2L * parts);
        long loss = doubles(1);
        launches.kernel("cosineDistanceParts")
                .tensor(y)
                .tensor(target)
                .tensor(dy)
                .integer(y.size())
                .integer(y.rows())
                .pointer(sums)
                .run(parts, BLOCK);
        launches.kernel("cosineDistance")
                .pointer(sums)
                .integer(parts)
                .integer(y.rows())
                .pointer(loss)
                .run(1, BLOCK);
        return launches.readDouble(loss);
    }

    double relativeSquaredError(Tensor y, Tensor target, double weight, Tensor dy) {
        int parts = Launches.blocks(y.size(), PART);
        if (parts == 0) {
            return 0;
        }
        launches.begin();
        long sums = doubles(2L * parts);
        long loss = doubles(1);
        launches.kernel("squaredErrorParts")
                .tensor(y)
                .tensor(target)
                .integer(y.size())
                .pointer(sums)
                .run(parts, BLOCK);
        launches.kernel("relativeSquaredError")
                .tensor(y)
                .tensor(target)
                .pointer(sums)
                .floating((float) weight)
                .integer(y.size())
                .tensor(dy)
                .pointer(loss)
                .run(parts, BLOCK);
        return launches.readDouble(loss);
    }

    double squaredErrorWhereKnown(Tensor y, float[] target, Tensor dy) {
        launches.begin();
        long loss = doubles(1);
        launches.kernel("squaredErrorWhereKnown")
                .tensor(y)
                .pointer(launches.upload(target, y.rows(), y.rows()))
                .tensor(dy)
                .integer(y.rows())
                .pointer(loss)
                .run(1, BLOCK);
        return launches.readDouble(loss);
    }

    double crossEntropy(Tensor logits, int[] labels, Tensor dLogits) {
        launches.kernel("crossEntropyRows")
                .tensor(logits)
                .ints(labels, logits.rows())
                .pointer(0);
        return meanOverRows(dLogits);
    }

    double crossEntropy(Tensor logits, double[] wanted, Tensor dLogits) {
        launches.kernel("crossEntropyRows").tensor(logits).pointer(0).pointer(launches.upload(wanted, logits.size()));
        return meanOverRows(dLogits);
    }

    double divergence(Tensor logits, Tensor target, Tensor dLogits) {
        launches.kernel("divergenceRows").tensor(logits).tensor(target);
        return meanOverRows(dLogits);
    }

    /** Runs the loss of each row that has been begun. */
    private double meanOverRows(Tensor dLogits) {
        int rows = dLogits.rows();
        launches.begin();
        long losses = doubles(rows);
        long loss = doubles(1);
        launches.tensor(dLogits)
                .pointer(losses)
                .integer(rows)
                .integer(dLogits.columns())
                .run(rows, BLOCK);
        launches.kernel("meanOverRows")
                .pointer(losses)
                .integer(rows)
                .pointer(loss)
                .run(1, BLOCK);
        return launches.readDouble(loss);
    }

    double order(Tensor y, double[] scores, double temperature, Tensor dy) {
        int pairs = scores.length;
        launches.begin();
        long cosines = doubles(pairs);
        long slopes = doubles(pairs);
        long loss = doubles(1);
        launches.kernel("pairCosines")
                .tensor(y)
                .pointer(cosines)
                .integer(pairs)
                .integer(y.columns())
                .run(pairs, BLOCK);
        launches.kernel("orderLoss")
                .pointer(cosines)
                .pointer(launches.upload(scores, pairs))
                .floating((float) temperature)
                .integer(pairs)
                .pointer(slopes)
                .pointer(loss)
                .run(1, BLOCK);
        launches.kernel("orderGradient")
                .tensor(y)
                .pointer(slopes)
                .tensor(dy)
                .integer(pairs)
                .integer(y.columns())
                .run(2 * pairs, BLOCK);
        return launches.readDouble(loss);
    }

    private long doubles(long count) {
        return launches.scratch(count * Double.BYTES);
    }
}
