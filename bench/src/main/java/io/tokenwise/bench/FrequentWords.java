package io.tokenwise.bench;

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
final class FrequentWords {
    private static final Pattern SPACE = Pattern.compile("\\s+");
    private static final Pattern MARKS_AT_ENDS = Pattern.compile("^[^\\p{L}\\p{N}]+|[^\\p{L}\\p{N}]+$");

    private final Map<String, Integer> counts;

    private FrequentWords(Map<String, Integer> counts) {
        this.counts = counts;
    }

    /** Counts the words of texts. */
    static FrequentWords of(Iterable<String> texts) {
        var counts = new HashMap<String, Integer>();
        for (String text : texts) {
            for (String word : words(text)) {
                counts.merge(bare(word), 1, Integer::sum);
            }
        }
        return new FrequentWords(counts);
    }

    static List<String> words(String text) {
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
    int size() {
        return counts.size();
    }

    /**
     * A text's words without its most frequent ones, in their order.
     *
     * @param keep the share of the words to keep, to the nearest whole number, but at least one word; of equally frequent ones the first are kept
     */
    String kept(List<String> words, double keep) {
        int most = (int) Math.max(1, Math.round(keep * words.size()));
        int[] counted = words.stream().mapToInt(this::count).toArray();
        int[] kept = IntStream.range(0, counted.length)
                .boxed()
                .sorted(Comparator.comparingInt(i -> counted[i]))
                .limit(most)
                .mapToInt(Integer::intValue)
                .sorted()
                .toArray();
        return Arrays.stream(kept).mapToObj(words::get).collect(Collectors.joining(" "));
    }
}
