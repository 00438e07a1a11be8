package io.tokenwise.bench;

import io.tokenwise.io.Tokenizer;
import io.tokenwise.testdata.WordNet;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * What is asked of every contender: calls that take turns, each with the token ids of its texts.
 *
 * @param what one line for people
 * @param calls each a list of texts, ordered by length so that who pads pads little
 */
record Scenario(String name, String what, List<List<int[]>> calls) {
    private static final int QUERIES = 16;
    private static final int PASSAGES = 8;
    private static final int BULK_TEXTS = 64;

    /** All scenarios, of WordNet's texts; the same at every call. */
    static List<Scenario> all(Tokenizer tokenizer) throws IOException {
        WordNet wordNet = WordNet.load();
        return List.of(
                single("query-16", 16, QUERIES, wordNet.examples(), tokenizer),
                single("passage-128", 128, PASSAGES, wordNet.glosses(), tokenizer),
                bulk(wordNet.glosses(), tokenizer));
    }

    /** Texts to measure a model's hidden units on; none of them is in a scenario. */
    static List<int[]> sample(Tokenizer tokenizer) throws IOException {
        List<String> examples = WordNet.load().examples();
        return examples.subList(examples.size() - 128, examples.size()).stream()
                .map(text -> tokenizer.encode(text).ids())
                .toList();
    }

    private static Scenario single(String name, int tokens, int count, List<String> texts, Tokenizer tokenizer) {
        var calls = new ArrayList<List<int[]>>();
        int next = 0;
        while (calls.size() < count) {
            var joined = new StringBuilder(texts.get(next++));
            int[] ids = tokenizer.encode(joined.toString()).ids();
            while (ids.length < tokens) {
                joined.append("; ").append(texts.get(next++));
                ids = tokenizer.encode(joined.toString()).ids();
            }
            calls.add(List.of(cut(ids, tokens)));
        }
        return new Scenario(name, "one text of " + tokens + " tokens a call, " + count + " texts in turn", calls);
    }

    private static int[] cut(int[] ids, int tokens) {
        int[] shorter = Arrays.copyOf(ids, tokens);
        shorter[tokens - 1] = ids[ids.length - 1];
        return shorter;
    }

    private static Scenario bulk(List<String> texts, Tokenizer tokenizer) {
        var chosen = new ArrayList<int[]>();
        for (int i = 0; i < BULK_TEXTS; i++) {
            int evenly = (int) ((long) i * texts.size() / BULK_TEXTS);
            chosen.add(tokenizer.encode(texts.get(evenly)).ids());
        }
        chosen.sort(Comparator.comparingInt(ids -> ids.length));
        int tokens = chosen.stream().mapToInt(ids -> ids.length).sum();
        String what = BULK_TEXTS + " texts a call, of " + chosen.getFirst().length + " to " + chosen.getLast().length
                + " tokens, together " + tokens;
        return new Scenario("bulk", what, List.of(chosen));
    }

    /** Tokens of one call, mean over the calls. */
    double tokensPerCall() {
        return calls.stream().flatMap(List::stream).mapToInt(ids -> ids.length).sum() / (double) calls.size();
    }
}
