package io.tokenwise.bench;

import io.tokenwise.distill.FrequentWords;
import io.tokenwise.testdata.WordNet;
import io.tokenwise.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;

/**
 * The texts by which candidates are timed: whole words of WordNet, the same at every run, so that candidates that drop words can.
 *
 * @param name a number of tokens, or {@code bulk}
 * @param what one line for people
 * @param calls each the texts of one call
 */
public record TimedTexts(String name, String what, List<List<String>> calls) {
    static final String BULK = "bulk";

    /** Texts that take turns: more of short ones, so that no single one decides. */
    private static final int SHORT_TEXTS = 16;

    private static final int LONG_TEXTS = 8;
    private static final int SHORT_TOKENS = 64;

    /** Up to so many tokens a text is a query, and made of examples; longer ones are passages, made of definitions. */
    private static final int QUERY_TOKENS = 32;

    /**
     * Texts of a length.
     *
     * @param name a number of tokens as {@code tokenizer} counts them, special ones included, or {@code bulk}: 64 texts of mixed lengths in one call
     * @throws IllegalArgumentException if the name is neither, or no text can have so many tokens; the message says what is possible
     */
    public static TimedTexts of(String name, WordNet wordNet, Tokenizer tokenizer) {
        if (name.equals(BULK)) {
            List<String> texts = Scenario.bulkTexts(wordNet);
            return new TimedTexts(BULK, texts.size() + " texts of mixed lengths a call", List.of(texts));
        }
        int tokens = tokens(name, tokenizer.maxTokens());
        int count = tokens <= SHORT_TOKENS ? SHORT_TEXTS : LONG_TEXTS;
        var words = FrequentWords.words(
                        String.join(" ", tokens <= QUERY_TOKENS ? wordNet.examples() : wordNet.glosses()))
                .iterator();
        var calls = new ArrayList<List<String>>();
        while (calls.size() < count) {
            var text = new ArrayList<String>();
            int left = tokens - tokenizer.encode("").ids().length;
            while (left > 0) {
                String word = words.next();
                int pieces = tokenizer.encode(word).ids().length - 2;
                // A word with more pieces than there is room for is passed over.
                if (pieces <= left) {
                    text.add(word);
                    left -= pieces;
                }
            }
            calls.add(List.of(String.join(" ", text)));
        }
        return new TimedTexts(name, "one text of " + tokens + " tokens a call, " + count + " texts in turn", calls);
    }

    private static int tokens(String name, int most) {
        try {
            int tokens = Integer.parseInt(name);
            if (tokens >= Tokenizer.LEAST_MAX_TOKENS && tokens <= most) {
                return tokens;
            }
        } catch (NumberFormatException e) {
            // Told below, with the numbers that are out of range.
        }
        throw new IllegalArgumentException("--lengths: '" + name + "' must be a number of tokens from "
                + Tokenizer.LEAST_MAX_TOKENS + " to " + most + ", or " + BULK);
    }

    int textsPerCall() {
        return calls.getFirst().size();
    }
}
