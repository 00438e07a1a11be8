package io.tokenwise.cli;

import io.tokenwise.testdata.WordNet;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Token sequences for the demo from WordNet's examples and glosses; those that are measured on are never trained on.
 *
 * @param training sentences and phrases, about a third of them joined to longer texts
 * @param heldOut half examples, half glosses
 * @param corpus glosses to be searched
 * @param queries examples to search with
 */
record DemoTexts(List<int[]> training, List<int[]> heldOut, List<int[]> corpus, List<int[]> queries) {
    private static final int HELD_OUT = 1_000;
    private static final int CORPUS = 1_000;
    private static final int QUERIES = 200;

    /** Of the training texts, so many are joined from several: real traffic is longer than a gloss. */
    private static final double JOINED_SHARE = 0.3;

    private static final int MOST_JOINED = 16;

    /** Reads and tokenizes; {@code trainingTokens} says how much training text is wanted. */
    static DemoTexts read(Tokenizer tokenizer, long trainingTokens, long seed) throws IOException {
        WordNet wordNet = WordNet.load();
        var random = new Random(seed);
        var examples = new ArrayList<>(wordNet.examples());
        var glosses = new ArrayList<>(wordNet.glosses());
        Collections.shuffle(examples, random);
        Collections.shuffle(glosses, random);
        List<int[]> heldOut = new ArrayList<>(encode(tokenizer, take(examples, HELD_OUT / 2)));
        heldOut.addAll(encode(tokenizer, take(glosses, HELD_OUT / 2)));
        List<int[]> queries = encode(tokenizer, take(examples, QUERIES));
        List<int[]> corpus = encode(tokenizer, take(glosses, CORPUS));
        var rest = new ArrayList<>(examples);
        rest.addAll(glosses);
        Collections.shuffle(rest, random);
        return new DemoTexts(training(tokenizer, rest, trainingTokens, random), heldOut, corpus, queries);
    }

    /** What is never trained on. */
    BudgetMeasurements.Data measured() {
        return new BudgetMeasurements.Data(heldOut, corpus, queries);
    }

    /** Removes and returns the last texts of a list. */
    private static List<String> take(List<String> texts, int count) {
        List<String> last = texts.subList(texts.size() - count, texts.size());
        List<String> taken = List.copyOf(last);
        last.clear();
        return taken;
    }

    private static List<int[]> encode(Tokenizer tokenizer, List<String> texts) {
        return texts.stream().map(text -> tokenizer.encode(text).ids()).toList();
    }

    private static List<int[]> training(Tokenizer tokenizer, List<String> texts, long wantedTokens, Random random) {
        var sequences = new ArrayList<int[]>();
        long tokens = 0;
        for (int next = 0; next < texts.size() && tokens < wantedTokens; ) {
            int count = random.nextDouble() < JOINED_SHARE ? 2 + random.nextInt(MOST_JOINED - 1) : 1;
            int end = Math.min(texts.size(), next + count);
            int[] ids = tokenizer
                    .encode(String.join(". ", texts.subList(next, end)))
                    .ids();
            sequences.add(ids);
            tokens += ids.length;
            next = end;
        }
        return sequences;
    }
}
