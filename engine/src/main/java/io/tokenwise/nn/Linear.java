package io.tokenwise.nn;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Weight;
import io.tokenwise.op.Linears;
import io.tokenwise.tensor.Tensor;

/** {@code y = x W + bias}; the weight is {@code [inputs, outputs]}, the bias {@code [1, outputs]}, or null. */
public record Linear(Weight weight, Parameter bias) {
    public Tensor forward(Pass pass, Tensor x) {
        return Linears.of(pass, x, weight, bias, false, null);
    }

    /** {@code gelu(x W + bias)}. */
    public Tensor forwardGelu(Pass pass, Tensor x) {
        return Linears.of(pass, x, weight, bias, true, null);
    }

    /** {@code x W + bias + residual}; the residual may be null. */
    public Tensor forwardPlus(Pass pass, Tensor x, Tensor residual) {
        return Linears.of(pass, x, weight, bias, false, residual);
    }

    /** Multiply-adds for one token. */
    public long flopsPerToken() {
        return (long) weight.inputs() * weight.outputs();
    }
}
