package io.tokenwise.backend.cuda;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.PackedMatrix;
import java.util.List;

/**
 * A matrix on the device, or one slice of those that lie in {@link PackedWeights} together.
 *
 * @param number of the slice
 * @param from its first output, or else its first input
 * @param size how many of them it has
 * @param alone once more as a matrix of its own, if it is one of several slices that a kernel cannot take out, else null
 */
record CudaMatrix(PackedWeights all, int number, int from, int size, PackedWeights alone) implements PackedMatrix {
    static CudaMatrix of(PackedMatrix matrix) {
        if (matrix instanceof CudaMatrix own) {
            return own;
        }
        throw new IllegalArgumentException("matrix " + matrix.shape() + " was packed for another backend");
    }

    /** What the first slices of one matrix, in order, lie in. */
    static PackedWeights together(List<PackedMatrix> slices) {
        CudaMatrix first = of(slices.getFirst());
        for (int n = 0; n < slices.size(); n++) {
            CudaMatrix slice = of(slices.get(n));
            if (slice.all != first.all || slice.number != n) {
                throw new IllegalArgumentException(
                        "slice " + n + " of " + slice.shape()
                                + " does not lie behind those before it: a product takes the first slices of one matrix, in order");
            }
        }
        return first.all;
    }

    /** Whether a slice can be multiplied by where it lies: kernels read 16 bytes at a time, and sums of bytes are those of all slices up to one. */
    static boolean canBeAlone(PackedWeights all, int from) {
        boolean isSummed = all.precision == Precision.S8 && !all.alongOutputs;
        return all.slices == 1 || !isSummed && (!all.isAcross() || from * all.precision.bytes() % 16 == 0);
    }

    @Override
    public int inputs() {
        return all.alongOutputs ? all.inputs : size;
    }

    @Override
    public int outputs() {
        return all.alongOutputs ? size : all.outputs;
    }

    @Override
    public void alsoRouted() {
        all.alsoRouted();
    }

    /** What to multiply by if it is multiplied by alone, with {@link #weights}, {@link #scales} and {@link #sums}. */
    PackedWeights own() {
        return alone == null ? all : alone;
    }

    long weights() {
        if (alone != null) {
            return alone.weights();
        }
        return all.weights() + (long) from * (all.isAcross() ? 1 : all.stride) * all.precision.bytes();
    }

    long scales() {
        return alone != null ? alone.scales() : all.scales() + outputBytes();
    }

    long sums() {
        return alone != null ? alone.sums() : all.sums() + outputBytes();
    }

    private long outputBytes() {
        return all.alongOutputs ? (long) from * Float.BYTES : 0;
    }
}
