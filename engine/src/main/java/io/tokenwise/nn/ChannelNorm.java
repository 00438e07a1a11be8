package io.tokenwise.nn;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.op.ChannelNorms;
import io.tokenwise.tensor.Tensor;

/**
 * Group normalisation (Wu and He 2018) with a group for each column, over the rows of a sequence; gain gamma and shift beta are {@code [1, columns]}. It has no
 * gradient.
 */
public record ChannelNorm(Parameter gamma, Parameter beta, float epsilon) {
    /** In place. */
    public void forward(Pass pass, Tensor x, int[] offsets, int sequences) {
        pass.frozen("channelNorm", x, gamma, beta);
        ChannelNorms.forward(pass.stream(), x, offsets, sequences, gamma.value(), beta.value(), epsilon, x);
    }
}
