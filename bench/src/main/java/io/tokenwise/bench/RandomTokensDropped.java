package io.tokenwise.bench;

import io.tokenwise.model.TextKind;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * A model that is given a random choice of a text's tokens, in their order, with the first and the last one, which are special: a control for
 * whatever claims to know which tokens count. The choice for a text depends on its tokens and the seed alone.
 *
 * @param keep the share of a text's tokens that the model is given, to the nearest whole number, at least one beside the special ones
 */
record RandomTokensDropped(Embedder model, double keep, long seed) implements Embedder {
    @Override
    public String prefix(TextKind kind) {
        return model.prefix(kind);
    }

    @Override
    public int[] tokens(String prefix, String text) {
        int[] all = model.tokens(prefix, text);
        int inner = all.length - 2;
        if (inner < 1) {
            return all;
        }
        int most = (int) Math.max(1, Math.round(keep * inner));
        int[] places = new Random(seed * 31 + Arrays.hashCode(all))
                .ints(1, inner + 1)
                .distinct()
                .limit(most)
                .sorted()
                .toArray();
        var kept = new int[most + 2];
        kept[0] = all[0];
        for (int i = 0; i < most; i++) {
            kept[i + 1] = all[places[i]];
        }
        kept[most + 1] = all[inner + 1];
        return kept;
    }

    @Override
    public float[][] encode(List<int[]> texts) {
        return model.encode(texts);
    }
}
