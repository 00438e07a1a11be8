package io.tokenwise.backend;

import io.tokenwise.tensor.Tensor;
import java.util.List;

/**
 * A product {@code y = x W + bias} cut into slices of its outputs: slice n gives {@code x weights[n] + biases[n]}, the columns of y behind those
 * of the slice before.
 *
 * @param weights {@code [inputs, columns of the slice]} each: all slices of one matrix, in order
 * @param biases {@code [1, columns of the slice]} each
 */
public record OutputSlices(List<PackedMatrix> weights, List<Tensor> biases) {
    public OutputSlices {
        weights = List.copyOf(weights);
        biases = List.copyOf(biases);
        Shapes.slices("slices of outputs", weights, biases);
        for (int n = 0; n < weights.size(); n++) {
            if (weights.get(n).inputs() != weights.getFirst().inputs()) {
                throw new IllegalArgumentException("slices of outputs: slice " + n + " of "
                        + weights.get(n).shape() + " does not fit "
                        + weights.getFirst().shape() + ": they have the same inputs");
            }
        }
    }

    public int count() {
        return weights.size();
    }

    public int inputs() {
        return weights.getFirst().inputs();
    }

    /** Columns of all slices. */
    public int columns() {
        return columns(weights.size());
    }

    /** Columns of the first so many slices. */
    public int columns(int slices) {
        int columns = 0;
        for (int n = 0; n < slices; n++) {
            columns += weights.get(n).outputs();
        }
        return columns;
    }

    public int widest() {
        int widest = 0;
        for (int n = 0; n < weights.size(); n++) {
            widest = Math.max(widest, weights.get(n).outputs());
        }
        return widest;
    }
}
