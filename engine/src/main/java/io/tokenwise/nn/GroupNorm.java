package io.tokenwise.nn;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.tensor.Tensor;

/** Group normalisation (Wu and He 2018) with one group, over all values of a sequence; gain gamma and shift beta are {@code [1, columns]}. In inference only. */
public record GroupNorm(Parameter gamma, Parameter beta, float epsilon) {
    /** In place. */
    public void forward(Pass pass, Tensor x, int[] offsets, int sequences) {
        pass.inference("groupNorm");
        pass.stream().groupNorm(x, offsets, sequences, gamma.value(), beta.value(), epsilon, x);
    }
}
