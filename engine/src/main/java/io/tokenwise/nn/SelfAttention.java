package io.tokenwise.nn;

import io.tokenwise.tensor.Tensor;

/** Multi-head self-attention (Vaswani et al. 2017, section 3.2.2) over the texts of the pass's batch. */
public record SelfAttention(Linear qkv, Linear output, int heads) implements ProjectedAttention {
    @Override
    public int rotated() {
        return 0;
    }

    @Override
    public Tensor attend(Pass pass, Tensor projected) {
        return io.tokenwise.op.SelfAttention.of(
                pass, projected, pass.batch().offsets(), pass.batch().sequences(), heads);
    }
}
