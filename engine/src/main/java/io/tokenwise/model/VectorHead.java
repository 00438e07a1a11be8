package io.tokenwise.model;

import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.nn.VectorLength;
import io.tokenwise.op.Lengths;
import io.tokenwise.op.Pools;
import io.tokenwise.tensor.Tensor;

/** Makes a vector of each text; see {@link TextOutput.Vectors}. */
record VectorHead(TextOutput.Vectors form) implements TextHead {
    @Override
    public Tensor forward(Pass pass, Tensor tokens, TokenBatch batch) {
        Tensor y = switch (form.pooling()) {
            case MEAN -> Pools.mean(pass, tokens, batch.offsets(), batch.sequences());
            case FIRST -> Pools.first(pass, tokens, batch.offsets(), batch.sequences());
            case LAST -> Pools.last(pass, tokens, batch.offsets(), batch.sequences());
        };
        boolean scaled = form.normalize() && pass.given(VectorLength.class) != VectorLength.POOLED;
        return scaled ? Lengths.of(pass, y) : y;
    }

    @Override
    public void prepare(Stream stream) {}

    @Override
    public double flops(int tokens) {
        return 0;
    }
}
