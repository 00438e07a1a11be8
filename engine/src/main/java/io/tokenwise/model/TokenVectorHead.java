package io.tokenwise.model;

import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Lengths;
import io.tokenwise.tensor.Tensor;

/** A head that makes a shorter vector of length 1 of each token's; see {@link TextOutput.TokenVectors}. */
record TokenVectorHead(Linear linear) implements TextHead {
    /** With zero weights. */
    static TokenVectorHead of(TextOutput.TokenVectors output, int hiddenSize, LayerBuilder parts) {
        return new TokenVectorHead(parts.linear(output.linear(), hiddenSize, output.dimensions(), output.bias()));
    }

    @Override
    public Tensor forward(Pass pass, Tensor tokens, TokenBatch batch) {
        return Lengths.of(pass, linear.forward(pass, tokens));
    }

    @Override
    public void prepare(Stream stream) {
        linear.weight().prepare(stream);
    }

    @Override
    public double flops(int tokens) {
        return (double) tokens * linear.flopsPerToken();
    }
}
