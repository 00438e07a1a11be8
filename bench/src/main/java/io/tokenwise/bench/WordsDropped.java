package io.tokenwise.bench;

import io.tokenwise.io.Tokenizer;
import java.util.List;

/**
 * A model that is given texts without their most frequent words, queries and documents alike. A text that is longer than the model reads is first cut to
 * what it would read of it: words that are dropped make room for no others, so that the share of the words is about the share of the time.
 *
 * @param tokenizer the model's
 * @param keep the share of a text's words that the model is given
 */
record WordsDropped(Embedder model, Tokenizer tokenizer, FrequentWords frequentWords, double keep) implements Embedder {
    @Override
    public int[] tokens(String prefix, String text) {
        return model.tokens(prefix, frequentWords.kept(read(prefix, text), keep));
    }

    @Override
    public float[][] encode(List<int[]> texts) {
        return model.encode(texts);
    }

    /** The words that the model would read, by halving. */
    private List<String> read(String prefix, String text) {
        List<String> words = FrequentWords.words(text);
        if (!tokenizer.encode(prefix + text).truncated()) {
            return words;
        }
        int fits = 0;
        int tooMany = words.size();
        while (tooMany - fits > 1) {
            int middle = (fits + tooMany) / 2;
            boolean isCut = tokenizer
                    .encode(prefix + String.join(" ", words.subList(0, middle)))
                    .truncated();
            if (isCut) {
                tooMany = middle;
            } else {
                fits = middle;
            }
        }
        return words.subList(0, Math.max(1, fits));
    }
}
