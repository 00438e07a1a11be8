package io.tokenwise.model;

import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;

/** The tokens of a pass that somebody reads after the last layer, one of each sequence, as a batch of their own. Once large enough it allocates nothing. Not thread-safe. */
final class ReadTokens {
    private final TokenBatch batch = new TokenBatch();

    /** Those of a pass. */
    static ReadTokens of(Pass pass) {
        return pass.memory(ReadTokens.class, ReadTokens::new);
    }

    /** From here on the pass's batch is one token of each of its sequences. */
    void begin(Pass pass) {
        int sequences = pass.batch().sequences();
        batch.clear();
        for (int i = 0; i < sequences; i++) {
            batch.addOne();
        }
        pass.over(batch);
    }
}
