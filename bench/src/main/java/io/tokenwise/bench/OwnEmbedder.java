package io.tokenwise.bench;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import io.tokenwise.model.TextKind;
import java.util.List;

/**
 * A model in our own engine.
 *
 * @param encoder opened for one thread; whoever opened it closes it
 * @param budget that each text gets; a dense model ignores it
 */
record OwnEmbedder(TextEncoder encoder, Budget budget) implements Embedder {
    @Override
    public String prefix(TextKind kind) {
        return kind.prefix(encoder.model().files().text());
    }

    @Override
    public int[] tokens(String prefix, String text) {
        return encoder.model().files().tokenizer().encode(prefix + text).ids();
    }

    @Override
    public float[][] encode(List<int[]> texts) {
        return encoder.model().sessions().encode(texts, budget, null);
    }
}
