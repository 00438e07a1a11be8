package io.tokenwise.distill;

import io.tokenwise.tokenizer.Tokenizer;
import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Texts to train on, each with and without its {@linkplain FrequentWords most frequent words}; frequency is that of these texts. Immutable and thread-safe.
 */
public final class ShorterTexts {
    private final Tokenizer tokenizer;
    private final FrequentWords frequentWords;
    private final Map<IntBuffer, String> texts = new HashMap<>();

    /** @param tokenizer that gives the texts' tokens */
    public ShorterTexts(List<String> texts, Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        frequentWords = FrequentWords.of(texts);
        for (String text : texts) {
            this.texts.putIfAbsent(IntBuffer.wrap(tokenizer.encode(text).ids()), text);
        }
    }

    /**
     * The places among a text's tokens of those that stay, ascending: the first and the last, which are marks, and those of the words that stay. A text whose tokens
     * are not those of its words, as a control character in a word can make it, stays whole.
     *
     * @param ids of one of the texts
     * @param keep the share of its words that stay
     * @throws IllegalArgumentException if it is none of the texts
     */
    int[] places(int[] ids, double keep) {
        String text = texts.get(IntBuffer.wrap(ids));
        if (text == null) {
            throw new IllegalArgumentException("token ids of a text that was not given with its words");
        }
        List<String> words = FrequentWords.read(tokenizer, "", text);
        var starts = new int[words.size() + 1];
        starts[0] = 1;
        for (int word = 0; word < words.size(); word++) {
            int[] ofWord = tokenizer.encode(words.get(word)).ids();
            int tokens = ofWord.length - 2;
            int start = starts[word];
            starts[word + 1] = start + tokens;
            if (start + tokens >= ids.length || !Arrays.equals(ofWord, 1, 1 + tokens, ids, start, start + tokens)) {
                return IntStream.range(0, ids.length).toArray();
            }
        }
        IntStream ofWords = Arrays.stream(frequentWords.places(words, keep))
                .flatMap(word -> IntStream.range(starts[word], starts[word + 1]));
        return IntStream.concat(IntStream.concat(IntStream.of(0), ofWords), IntStream.of(ids.length - 1))
                .toArray();
    }

    /** A text's tokens without those of its most frequent words. */
    int[] shorter(int[] ids, double keep) {
        return Arrays.stream(places(ids, keep)).map(place -> ids[place]).toArray();
    }
}
