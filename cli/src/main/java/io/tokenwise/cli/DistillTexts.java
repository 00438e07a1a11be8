package io.tokenwise.cli;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.LineFile;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * Reads texts to train on: one a line, or a field of a {@linkplain FieldFile file whose fields have names}. Of more text than memory should
 * hold, a random part is kept. For one thread.
 */
final class DistillTexts {
    /** Of the texts in files whose fields have names. */
    static final String USUAL_FIELD = "text";

    /** 25 times what is trained on by default; with what is kept beside them, short texts of so many tokens take 0.5 GB. */
    private static final long MOST_TOKENS = 20_000_000;

    /** A text that comes again more often than this is learnt by heart. */
    private static final int MOST_REPEATS = 20;

    private final Tokenizer tokenizer;
    private final Random random;
    private final boolean keepsWords;
    private final long mostTokens;
    private final List<Text> kept = new ArrayList<>();
    private long tokens;
    private long texts;
    private long cut;

    /** One of so many texts is kept. */
    private int oneOf = 1;

    /**
     * A text that is trained on.
     *
     * @param words null where tokens are all that is wanted
     */
    private record Text(int[] ids, String words) {}

    /** @param keepsWords whether {@link #words} are wanted too, for which there must be memory */
    DistillTexts(Tokenizer tokenizer, long seed, boolean keepsWords) {
        this(tokenizer, seed, keepsWords, MOST_TOKENS);
    }

    /** @param mostTokens about half of the texts is forgotten whenever there are more tokens */
    DistillTexts(Tokenizer tokenizer, long seed, boolean keepsWords, long mostTokens) {
        this.tokenizer = tokenizer;
        this.keepsWords = keepsWords;
        this.mostTokens = mostTokens;
        random = new Random(seed);
    }

    /**
     * Reads a file, whose name says what it is; a text that is blank does not count.
     *
     * @param field that holds the text, in files whose fields have names
     * @throws BadFileException if there is no text or the file is no good; the message says where
     */
    void read(Path file, String field) throws IOException {
        long before = texts;
        if (FieldFile.is(file)) {
            FieldFile.read(file, row -> add(row.text(field)));
        } else {
            try (var lines = new LineFile(file)) {
                for (String line = lines.next(); line != null; line = lines.next()) {
                    add(line);
                }
            }
        }
        if (texts == before) {
            throw new BadFileException(file.toString(), "has no texts");
        }
    }

    private void add(String text) {
        if (text.isBlank()) {
            return;
        }
        texts++;
        if (oneOf > 1 && random.nextInt(oneOf) > 0) {
            return;
        }
        Tokenizer.Encoded encoded = tokenizer.encode(text);
        kept.add(new Text(encoded.ids(), keepsWords ? text : null));
        tokens += encoded.ids().length;
        cut += encoded.truncated() ? 1 : 0;
        if (tokens > mostTokens) {
            kept.removeIf(_ -> random.nextBoolean());
            tokens = kept.stream().mapToLong(one -> one.ids().length).sum();
            oneOf *= 2;
        }
    }

    /** The texts' tokens in an order that the seed decides: a sorted file must not decide which texts are held out. */
    List<int[]> sequences() {
        Collections.shuffle(kept, random);
        return kept.stream().map(Text::ids).toList();
    }

    /** The texts as they were read, in the order of the last {@link #sequences}; only if that was said to be wanted. */
    List<String> words() {
        return kept.stream().map(Text::words).toList();
    }

    /**
     * What a user should know of the texts; often nothing.
     *
     * @param trainedTokens how many are trained on in all
     */
    List<String> remarks(long trainedTokens) {
        var remarks = new ArrayList<String>();
        if (oneOf > 1) {
            remarks.add(String.format(
                    Locale.ROOT,
                    "of %,d texts a random part is used: %,d texts with %,d tokens",
                    texts,
                    kept.size(),
                    tokens));
        }
        if (cut > 0) {
            remarks.add(CommonOptions.cut(tokenizer.maxTokens(), cut));
        }
        if (trainedTokens > MOST_REPEATS * tokens) {
            remarks.add(String.format(
                    Locale.ROOT,
                    "there are %,d tokens of text, so each is trained on %,d times: more text, or fewer --tokens, would be better",
                    tokens,
                    trainedTokens / tokens));
        }
        return remarks;
    }
}
