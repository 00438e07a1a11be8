package io.tokenwise.bench;

import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.testdata.WordNet;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * What {@code bench cuda} runs, and how much of it.
 *
 * @param quick few and small, for a simulated device
 * @param texts token ids with the lengths that texts have
 */
record CudaInputs(boolean quick, List<int[]> texts, String what) {
    private static final int QUICK_TEXTS = 6;
    private static final int QUICK_TOKENS = 8;
    private static final int SMALL_IMAGE = 32;

    /** Texts of a file, one a line, or of WordNet if it is null. */
    static CudaInputs of(Path file, boolean quick) throws IOException {
        List<String> lines = file == null ? Scenario.bulkTexts(WordNet.load()) : Files.readAllLines(file);
        if (lines.isEmpty()) {
            throw new IllegalArgumentException(file + ": has no line; each is a text");
        }
        List<int[]> texts;
        try (ModelFiles files = Models.builtIn("minilm-acm")) {
            Tokenizer tokenizer = files.tokenizer();
            texts = lines.stream().map(line -> tokenizer.encode(line).ids()).toList();
        }
        if (quick) {
            texts = texts.stream()
                    .map(ids -> ids.length > QUICK_TOKENS ? cut(ids, QUICK_TOKENS) : ids)
                    .limit(QUICK_TEXTS)
                    .toList();
        }
        int tokens = tokens(texts);
        return new CudaInputs(
                quick,
                texts,
                texts.size() + " texts of " + tokens / texts.size() + " tokens on average, "
                        + (file == null ? "of WordNet" : "of " + file.getFileName())
                        + (quick ? ", cut short: --quick" : ""));
    }

    static int tokens(List<int[]> texts) {
        return texts.stream().mapToInt(ids -> ids.length).sum();
    }

    /** A text of so many tokens, its last mark kept. */
    static int[] cut(int[] ids, int tokens) {
        int[] shorter = Arrays.copyOf(ids, tokens);
        shorter[tokens - 1] = ids[ids.length - 1];
        return shorter;
    }

    /** Texts with so many tokens in all, or a little more, the same ones again if there are not enough. */
    List<int[]> ofTokens(int tokens) {
        var some = new ArrayList<int[]>();
        int sum = 0;
        for (int i = 0; sum < tokens; i++) {
            int[] text = texts.get(i % texts.size());
            some.add(text);
            sum += text.length;
        }
        return some;
    }

    /** One text of exactly so many tokens. */
    int[] ofLength(int tokens) {
        return texts.stream()
                .filter(ids -> ids.length >= tokens)
                .findFirst()
                .map(ids -> cut(ids, tokens))
                .orElseThrow(() -> new IllegalArgumentException("no text has " + tokens + " tokens"));
    }

    /** Few enough for the CPU. */
    List<int[]> checkedTexts() {
        return texts.subList(0, Math.min(texts.size(), quick ? 2 : 24));
    }

    List<int[]> checkedImages() {
        return smallImages(quick ? 2 : 16);
    }

    /** Shares at which tokens get fewer learners. */
    List<Double> checkedBudgets() {
        return quick ? List.of(0.5) : List.of(0.25, 0.5, 0.75);
    }

    /** Of noise, 32 pixels wide. */
    List<int[]> smallImages(int count) {
        var random = new SplittableRandom(5);
        return IntStream.range(0, count)
                .mapToObj(
                        _ -> random.ints(SMALL_IMAGE * SMALL_IMAGE, 0, 1 << 24).toArray())
                .toList();
    }

    /** How everything is timed: half a second each, since a card may be lent for minutes. */
    Interleaved times() {
        return quick ? new Interleaved(1, 0, 1) : new Interleaved(11, 200_000_000L, 20_000_000L);
    }
}
