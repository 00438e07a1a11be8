package io.tokenwise.bench;

import io.tokenwise.testdata.WordNet;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * What is asked of every contender: calls that take turns, each with the token ids of its texts. All are the same at every run.
 *
 * @param what one line for people
 * @param callers threads that call at the same time
 * @param calls each a list of texts in the order in which they come
 */
record Scenario(String name, String what, int callers, List<List<int[]>> calls) {
    static final List<String> NAMES = List.of("query-16", "passage-128", "bulk", "callers-8");

    private static final int QUERIES = 16;
    private static final int PASSAGES = 8;
    private static final int BULK_TEXTS = 64;
    private static final int CALLERS = 8;
    private static final int CALLERS_TEXTS = 64;
    private static final int SAMPLE_TEXTS = 128;

    /** Of the bulk's texts, the share that are one sentence or phrase; the others are passages of several. */
    private static final double SINGLE_SHARE = 0.6;

    /** Of the passages, the share that are as long as a chunk of a document. */
    private static final double LONG_SHARE = 0.3;

    /** All scenarios, of WordNet's texts. */
    static List<Scenario> all(Tokenizer tokenizer) throws IOException {
        WordNet wordNet = WordNet.load();
        return List.of(
                single(NAMES.get(0), 16, QUERIES, wordNet.examples(), tokenizer),
                single(NAMES.get(1), 128, PASSAGES, wordNet.glosses(), tokenizer),
                bulk(NAMES.get(2), wordNet, tokenizer),
                callers(NAMES.get(3), wordNet.examples(), tokenizer));
    }

    /** Texts to measure a model's hidden units on; none of them is in a scenario. */
    static List<int[]> sample(Tokenizer tokenizer) throws IOException {
        return encode(tokenizer, sampleTexts());
    }

    static List<String> sampleTexts() throws IOException {
        List<String> examples = WordNet.load().examples();
        return examples.subList(examples.size() - SAMPLE_TEXTS, examples.size());
    }

    private static List<int[]> encode(Tokenizer tokenizer, List<String> texts) {
        return texts.stream().map(text -> tokenizer.encode(text).ids()).toList();
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
        return new Scenario(name, "one text of " + tokens + " tokens a call, " + count + " texts in turn", 1, calls);
    }

    private static int[] cut(int[] ids, int tokens) {
        int[] shorter = Arrays.copyOf(ids, tokens);
        shorter[tokens - 1] = ids[ids.length - 1];
        return shorter;
    }

    /** Sentences, phrases, paragraphs and whole chunks in one list, as an index of documents is fed; passages are neighbouring glosses. */
    static List<String> bulkTexts(WordNet wordNet) {
        var random = new Random(1);
        List<String> glosses = wordNet.glosses();
        List<String> examples = wordNet.examples();
        var texts = new ArrayList<String>();
        while (texts.size() < BULK_TEXTS) {
            int from = random.nextInt(glosses.size() - 20);
            double kind = random.nextDouble();
            if (kind < SINGLE_SHARE) {
                boolean sentence = kind < SINGLE_SHARE / 2;
                texts.add(sentence ? examples.get(random.nextInt(examples.size() - SAMPLE_TEXTS)) : glosses.get(from));
            } else {
                boolean isLong = random.nextDouble() < LONG_SHARE;
                int parts = isLong ? 8 + random.nextInt(12) : 2 + random.nextInt(6);
                texts.add(String.join(". ", glosses.subList(from, from + parts)));
            }
        }
        return texts;
    }

    private static Scenario bulk(String name, WordNet wordNet, Tokenizer tokenizer) {
        List<int[]> ids = encode(tokenizer, bulkTexts(wordNet));
        return new Scenario(
                name, BULK_TEXTS + " texts a call in the order in which they come, " + lengths(ids), 1, List.of(ids));
    }

    private static Scenario callers(String name, List<String> examples, Tokenizer tokenizer) {
        var texts = new ArrayList<String>();
        for (int i = 0; i < CALLERS_TEXTS; i++) {
            texts.add(examples.get((int) ((long) i * examples.size() / CALLERS_TEXTS)));
        }
        List<int[]> ids = encode(tokenizer, texts);
        String what = CALLERS + " threads that each embed one text a call, one call after the other; " + CALLERS_TEXTS
                + " texts in turn, " + lengths(ids);
        return new Scenario(name, what, CALLERS, ids.stream().map(List::of).toList());
    }

    private static String lengths(List<int[]> texts) {
        int[] sorted = texts.stream().mapToInt(ids -> ids.length).sorted().toArray();
        int tokens = Arrays.stream(sorted).sum();
        return "of " + sorted[0] + " to " + sorted[sorted.length - 1] + " tokens, median " + sorted[sorted.length / 2]
                + ", mean " + tokens / sorted.length + ", together " + tokens;
    }

    List<int[]> call(int turn) {
        return calls.get(turn % calls.size());
    }

    /** Tokens of one call, mean over the calls. */
    double tokensPerCall() {
        return calls.stream().flatMap(List::stream).mapToInt(ids -> ids.length).sum() / (double) calls.size();
    }

    /** Texts of one call, mean over the calls. */
    double textsPerCall() {
        return calls.stream().mapToInt(List::size).sum() / (double) calls.size();
    }
}
