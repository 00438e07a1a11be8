package io.tokenwise.distill;

import io.tokenwise.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Whole words by how often they occur in some text; by it the most frequent words of other texts are dropped, which is the oldest way to shorten a
 * text (stop words). Words are what white space parts; case and marks at their ends do not tell them apart. Immutable and thread-safe.
 */
public final class FrequentWords {
    private static final Pattern SPACE = Pattern.compile("\\s+");
    private static final Pattern MARKS_AT_ENDS = Pattern.compile("^[^\\p{L}\\p{N}]+|[^\\p{L}\\p{N}]+$");

    private final Map<String, Integer> counts;

    private FrequentWords(Map<String, Integer> counts) {
        this.counts = counts;
    }

    /** Counts the words of texts. */
    public static FrequentWords of(Iterable<String> texts) {
        var counts = new HashMap<String, Integer>();
        for (String text : texts) {
            for (String word : words(text)) {
                counts.merge(bare(word), 1, Integer::sum);
            }
        }
        return new FrequentWords(counts);
    }

    /** A text's words, in their order. */
    public static List<String> words(String text) {
        return SPACE.splitAsStream(text.strip()).filter(word -> !word.isEmpty()).toList();
    }

    private static String bare(String word) {
        return MARKS_AT_ENDS.matcher(word).replaceAll("").toLowerCase(Locale.ROOT);
    }

    /** How often a word occurred. Marks that stand alone are more frequent than any word. */
    int count(String word) {
        String bare = bare(word);
        return bare.isEmpty() ? Integer.MAX_VALUE : counts.getOrDefault(bare, 0);
    }

    /** How many different words were counted. */
    public int size() {
        return counts.size();
    }

    /**
     * A text without its most frequent words. One that is longer than the model reads is first cut to the words that it reads whole: words that are dropped make room for no
     * others, so that the share of the words is about the share of the time.
     *
     * @param tokenizer the model's
     * @param prefix what the model wants to see before the text; often nothing. It is never left out, and is no part of the result
     * @param keep the share of the words to keep; see {@link #places}
     */
    public String shorter(Tokenizer tokenizer, String prefix, String text, double keep) {
        List<String> words = read(tokenizer, prefix, text);
        return Arrays.stream(places(words, keep)).mapToObj(words::get).collect(Collectors.joining(" "));
    }

    /** The words that the model reads whole, by halving; the first one in any case. */
    static List<String> read(Tokenizer tokenizer, String prefix, String text) {
        List<String> words = words(text);
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

    /**
     * The places among a text's words of those that stay, ascending, when the most frequent leave.
     *
     * @param keep the share of the words to keep, to the nearest whole number, but at least one word; of equally frequent ones the first are kept
     */
    int[] places(List<String> words, double keep) {
        int most = (int) Math.max(1, Math.round(keep * words.size()));
        int[] counted = words.stream().mapToInt(this::count).toArray();
        return IntStream.range(0, counted.length)
                .boxed()
                .sorted(Comparator.comparingInt(i -> counted[i]))
                .limit(most)
                .mapToInt(Integer::intValue)
                .sorted()
                .toArray();
    }
}
