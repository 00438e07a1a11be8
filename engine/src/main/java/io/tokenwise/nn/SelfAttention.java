package io.tokenwise.nn;

import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;

/** Multi-head self-attention (Vaswani et al. 2017, section 3.2.2) over the texts of the pass's batch, with Q, K and V as one product. */
public record SelfAttention(Linear qkv, Linear output, int heads) implements Block {
    @Override
    public Tensor forward(Pass pass, Tensor x, Tensor residual) {
        Tensor context = pass.attention(qkv.forward(pass, x), pass.batch(), heads);
        return residual == null ? output.forward(pass, context) : output.forwardPlus(pass, context, residual);
    }

    @Override
    public void prepare(Stream stream) {
        qkv.weight().prepare(stream);
        output.weight().prepare(stream);
    }

    /** Of the projections; the products of queries with keys and of probabilities with values depend on the text's length. */
    @Override
    public double flopsPerToken(double share) {
        return qkv.flopsPerToken() + output.flopsPerToken();
    }
}
