package io.tokenwise.bench;

import io.tokenwise.distill.FrequentWords;
import io.tokenwise.model.TextKind;
import io.tokenwise.tokenizer.Tokenizer;
import java.util.List;

/**
 * A model that is given texts without their most frequent words, queries and documents alike; see {@link FrequentWords#shorter}.
 *
 * @param tokenizer the model's
 * @param keep the share of a text's words that the model is given
 */
record WordsDropped(Embedder model, Tokenizer tokenizer, FrequentWords frequentWords, double keep) implements Embedder {
    @Override
    public String prefix(TextKind kind) {
        return model.prefix(kind);
    }

    @Override
    public int[] tokens(String prefix, String text) {
        return model.tokens(prefix, frequentWords.shorter(tokenizer, prefix, text, keep));
    }

    @Override
    public float[][] encode(List<int[]> texts) {
        return model.encode(texts);
    }
}
