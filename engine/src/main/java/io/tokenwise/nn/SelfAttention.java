package io.tokenwise.nn;

import io.tokenwise.tensor.Tensor;

/** Multi-head self-attention (Vaswani et al. 2017, section 3.2.2) with Q, K and V as one product. */
public record SelfAttention(Linear qkv, Linear output, int heads) {
    /** {@code x + output(attention(x))}. */
    public Tensor forward(Pass pass, Tensor x, TokenBatch batch) {
        Tensor context = pass.attention(qkv.forward(pass, x), batch, heads);
        return output.forwardPlus(pass, context, x);
    }

    /** Multiply-adds for one token of a sequence of {@code length} tokens. */
    public long flopsPerToken(int length) {
        return qkv.flopsPerToken()
                + output.flopsPerToken()
                + 2L * length * output.weight().inputs();
    }
}
