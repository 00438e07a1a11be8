package io.tokenwise.nn;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.op.Windows;
import io.tokenwise.tensor.Tensor;

/** Group normalisation (Wu and He 2018) with one group, over all values of a sequence; gain gamma and shift beta are {@code [1, columns]}. It has no gradient. */
public record GroupNorm(Parameter gamma, Parameter beta, float epsilon) {
    /** In place. */
    public void forward(Pass pass, Tensor x, int[] offsets, int sequences) {
        pass.frozen("groupNorm", x, gamma, beta);
        Windows.groupNorm(pass.stream(), x, offsets, sequences, gamma.value(), beta.value(), epsilon, x);
    }
}
