package io.tokenwise.bench.scale;

import io.tokenwise.bench.TimedTexts;
import io.tokenwise.testdata.WordNet;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The texts that stand for all texts of a job.
 *
 * @param texts in no order
 * @param tokens how many each has, as the model cuts them
 */
record SampledTexts(List<String> texts, List<Integer> tokens) {
    /** Medians of twenty classes of minilm-acm's training texts, ordered by length (docs/lab/spark.md). */
    static final List<Integer> USUAL =
            List.of(5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 19, 21, 24, 27, 32, 40, 53, 81, 153);

    /** Enough for a mean within half a percent where lengths differ as much as their mean is. */
    private static final int COUNT = 20_000;

    /** Of each length: {@link TimedTexts} has no fewer. */
    private static final int OF_A_LENGTH = 8;

    private static SampledTexts of(List<String> texts, Tokenizer tokenizer) {
        return new SampledTexts(
                texts,
                texts.stream().map(text -> tokenizer.encode(text).ids().length).toList());
    }

    /**
     * Lines of a file, each as likely as any other; all if there are few.
     *
     * @param most of the file's lines count, the first ones
     */
    static SampledTexts read(Path file, long most, Tokenizer tokenizer, long seed) throws IOException {
        var random = new SplittableRandom(seed);
        var texts = new ArrayList<String>();
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            long seen = 0;
            for (String line = lines.readLine(); line != null && seen < most; line = lines.readLine()) {
                if (texts.size() < COUNT) {
                    texts.add(line);
                } else {
                    long place = random.nextLong(seen + 1);
                    if (place < COUNT) {
                        texts.set((int) place, line);
                    }
                }
                seen++;
            }
        }
        if (texts.isEmpty()) {
            throw new IllegalArgumentException(file + ": has no texts; must have one a line");
        }
        return of(texts, tokenizer);
    }

    /** Texts of WordNet's words, equally many of each of these lengths. */
    static SampledTexts ofLengths(List<Integer> lengths, Tokenizer tokenizer) throws IOException {
        WordNet wordNet = WordNet.load();
        var texts = new ArrayList<String>();
        for (int length : lengths) {
            TimedTexts.of(String.valueOf(length), wordNet, tokenizer).calls().stream()
                    .limit(OF_A_LENGTH)
                    .forEach(texts::addAll);
        }
        return of(texts, tokenizer);
    }

    /** The first ones, as many as have so many tokens; at least one. */
    SampledTexts upTo(int most) {
        int count = 1;
        for (int sum = tokens.getFirst(); count < tokens.size() && sum + tokens.get(count) <= most; count++) {
            sum += tokens.get(count);
        }
        return new SampledTexts(texts.subList(0, count), tokens.subList(0, count));
    }

    double meanTokens() {
        return tokens.stream().mapToInt(Integer::intValue).average().orElseThrow();
    }

    /** In UTF-8. */
    double meanBytes() {
        return texts.stream()
                .mapToInt(text -> text.getBytes(StandardCharsets.UTF_8).length)
                .average()
                .orElseThrow();
    }
}
