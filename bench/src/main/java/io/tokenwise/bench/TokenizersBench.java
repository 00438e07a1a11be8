package io.tokenwise.bench;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.tokenwise.testdata.LocaleWords;
import io.tokenwise.testdata.WordNet;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/** Our tokenizers beside Hugging Face's library (by DJL), on the same texts, in turn, one thread: time of a text, of opening, and against length. */
final class TokenizersBench {
    private static final List<Integer> TOKENS = List.of(16, 128, 512);
    private static final int TEXTS = 8;
    private static final int MOST_CHARACTERS = 1_000_000;
    private static final int[] CHARACTERS = {1_000, 10_000, 100_000, MOST_CHARACTERS};
    private static final int MOST_TOKENS = 1_000_000;

    /** Opening takes up to seconds. */
    private static final Interleaved OPENING = new Interleaved(5, 0, 0);

    private final Interleaved times;
    private final String english;
    private final PrintWriter out;

    TokenizersBench(int rounds, long warmUpNanos, PrintWriter out) throws IOException {
        times = new Interleaved(rounds, warmUpNanos, 5_000_000L);
        List<String> glosses = new ArrayList<>(WordNet.load().glosses());
        Collections.shuffle(glosses, new Random(3));
        english = String.join(". ", glosses);
        this.out = out;
    }

    /** Measures and prints. */
    void run(List<String> names) throws IOException {
        for (String name : names) {
            byte[] json = TokenizerKinds.json(name);
            long start = System.nanoTime();
            Tokenizer ours = ours(json);
            double first = (System.nanoTime() - start) * 1e-9;
            try (HuggingFaceTokenizer library = library(json)) {
                double[] opening = OPENING.medians(
                        List.of(() -> ours(json), () -> library(json).close()));
                out.printf(
                        "%s, %,d pieces, opened in %.2f s (the first time %.2f s), by the library in %.2f s%n",
                        name, ours.vocabularySize(), opening[0], first, opening[1]);
                out.printf("%10s %22s %10s %12s %8s%n", "tokens", "text", "us", "library us", "times");
                for (int tokens : TOKENS) {
                    beside(ours, library, tokens, "English", english(ours, tokens));
                    beside(ours, library, tokens, "fifteen scripts", scripts(ours, tokens));
                }
            }
            lengths(ours);
            out.println();
        }
    }

    private static Tokenizer ours(byte[] json) {
        return Tokenizer.open("tokenizer.json", json, MOST_TOKENS);
    }

    private static HuggingFaceTokenizer library(byte[] json) {
        System.setProperty("OPT_OUT_TRACKING", "true");
        try {
            return HuggingFaceTokenizer.newInstance(
                    new ByteArrayInputStream(json), Map.of("padding", "false", "truncation", "false"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @throws IllegalStateException if the ids are not the same */
    private void beside(Tokenizer ours, HuggingFaceTokenizer library, int tokens, String what, List<String> texts) {
        for (String text : texts) {
            int[] ids = ours.encodeAll(text);
            int[] wanted = Arrays.stream(library.encode(text, false, false).getIds())
                    .mapToInt(Math::toIntExact)
                    .toArray();
            if (!Arrays.equals(ids, wanted)) {
                throw new IllegalStateException("other ids than the library's for '" + text + "'");
            }
        }
        double[] seconds = times.medians(List.of(
                () -> texts.forEach(ours::encodeAll), () -> texts.forEach(text -> library.encode(text, false, false))));
        out.printf(
                "%10d %22s %10.1f %12.1f %8.1f%n",
                tokens, what, 1e6 * seconds[0] / TEXTS, 1e6 * seconds[1] / TEXTS, seconds[1] / seconds[0]);
    }

    private List<String> english(Tokenizer tokenizer, int tokens) {
        var texts = new ArrayList<String>();
        for (int from = 0; texts.size() < TEXTS; ) {
            String text = cut(tokenizer, english.substring(from, from + 40 * tokens), tokens);
            from += text.length();
            texts.add(text);
        }
        return texts;
    }

    private static List<String> scripts(Tokenizer tokenizer, int tokens) {
        var words = new LocaleWords(4);
        var texts = new ArrayList<String>();
        while (texts.size() < TEXTS) {
            texts.add(cut(tokenizer, words.text(tokens), tokens));
        }
        return texts;
    }

    /** The begin of a text that has so many tokens. */
    private static String cut(Tokenizer tokenizer, String text, int tokens) {
        return text.substring(0, tokenizer.places(text).get(tokens - 1).end());
    }

    /**
     * Of text, of one word of different letters, and of one word of the same. All lengths are measured on the same chars, cut into pieces: of a short
     * text that comes again and again the processor foresees each branch, and caches hold all it meets.
     */
    private void lengths(Tokenizer tokenizer) {
        String letters = english.replaceAll("[^a-z]", "");
        List<Runnable> work = new ArrayList<>();
        for (int length : CHARACTERS) {
            for (String text : List.of(english, letters, "a".repeat(MOST_CHARACTERS))) {
                List<String> pieces = IntStream.range(0, MOST_CHARACTERS / length)
                        .mapToObj(i -> text.substring(i * length, (i + 1) * length))
                        .toList();
                work.add(() -> pieces.forEach(tokenizer::encodeAll));
            }
        }
        double[] seconds = times.medians(work);
        out.printf("%10s %34s %34s %34s%n", "characters", "us of English, ns each", "of one word", "of one letter");
        for (int i = 0; i < CHARACTERS.length; i++) {
            out.printf("%10d", CHARACTERS[i]);
            for (int kind = 0; kind < 3; kind++) {
                double each = 1e9 * seconds[3 * i + kind] / MOST_CHARACTERS;
                out.printf(" %24.0f %9.1f", 1e-3 * each * CHARACTERS[i], each);
            }
            out.println();
        }
    }
}
