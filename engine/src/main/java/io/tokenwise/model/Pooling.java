package io.tokenwise.model;

import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Pools;
import io.tokenwise.tensor.Tensor;

/** How the vectors of a text's tokens become one vector. */
public enum Pooling {
    /** The mean over all tokens, the special ones included. */
    MEAN,
    /** The first token's vector, {@code [CLS]}. */
    FIRST,
    /** The last token's vector, which of a causal model alone has seen all others. */
    LAST;

    /** Of {@code [tokens, hidden]} a vector of each text. */
    public Tensor forward(Pass pass, Tensor tokens, TokenBatch batch) {
        return switch (this) {
            case MEAN -> Pools.mean(pass, tokens, batch.offsets(), batch.sequences());
            case FIRST -> Pools.first(pass, tokens, batch.offsets(), batch.sequences());
            case LAST -> Pools.last(pass, tokens, batch.offsets(), batch.sequences());
        };
    }
}
