package io.tokenwise.nn;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.Stream;
import io.tokenwise.op.GroupedConvolutions;
import io.tokenwise.tensor.Tensor;
import java.util.List;

/**
 * A convolution along sequences that keeps their rows, zeros around them, of columns in groups that do not mix.
 *
 * @param kernels of each group in turn, {@code [width * columns / groups, columns / groups]}
 * @param biases of each group in turn, {@code [1, columns / groups]}
 */
public record GroupedConvolution(List<Weight> kernels, List<Parameter> biases, int width) {
    public GroupedConvolution {
        kernels = List.copyOf(kernels);
        biases = List.copyOf(biases);
    }

    /** {@code [rows, columns]}. */
    public Tensor forward(Pass pass, Tensor x, int[] offsets, int sequences) {
        return GroupedConvolutions.of(pass, x, offsets, sequences, width, kernels, biases);
    }

    /**
     * Packs the kernels.
     *
     * @throws UnsupportedOperationException on a device
     */
    public void prepare(Stream stream) {
        GroupedConvolutions.prepare(stream, kernels);
    }

    /** Multiply-adds for one row. */
    public long flopsPerRow() {
        return kernels.stream()
                .mapToLong(kernel -> (long) kernel.inputs() * kernel.outputs())
                .sum();
    }
}
