package io.tokenwise.backend;

import io.tokenwise.tensor.Tensor;
import java.util.List;

/**
 * A product {@code y = x W + bias} cut into slices of its inputs: slice n gives {@code x_n weights[n] + biases[n]}, where x_n are the columns of x
 * behind those of the slice before; y is their sum.
 *
 * @param weights {@code [columns of the slice, outputs]} each: all slices of one matrix, in order
 * @param biases {@code [1, outputs]} each
 */
public record InputSlices(List<PackedMatrix> weights, List<Tensor> biases) {
    public InputSlices {
        weights = List.copyOf(weights);
        biases = List.copyOf(biases);
        Shapes.slices("slices of inputs", weights, biases);
        for (int n = 0; n < weights.size(); n++) {
            if (weights.get(n).outputs() != weights.getFirst().outputs()) {
                throw new IllegalArgumentException(
                        "slices of inputs: slice " + n + " of " + weights.get(n).shape() + " does not fit "
                                + weights.getFirst().shape() + ": they have the same outputs");
            }
        }
    }

    public int count() {
        return weights.size();
    }

    public int outputs() {
        return weights.getFirst().outputs();
    }

    /** Columns of all slices. */
    public int columns() {
        int columns = 0;
        for (int n = 0; n < weights.size(); n++) {
            columns += weights.get(n).inputs();
        }
        return columns;
    }
}
