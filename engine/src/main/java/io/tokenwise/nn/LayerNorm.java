package io.tokenwise.nn;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.op.LayerNorms;
import io.tokenwise.tensor.Tensor;

/** Layer normalisation (Ba et al. 2016, equation 4) with gain gamma and shift beta, both {@code [1, hidden]}. */
public record LayerNorm(Parameter gamma, Parameter beta, float epsilon) implements Norm {
    @Override
    public void forward(Pass pass, Tensor x, Tensor y) {
        LayerNorms.of(pass, x, gamma, beta, epsilon, y);
    }
}
