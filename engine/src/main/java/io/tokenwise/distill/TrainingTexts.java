package io.tokenwise.distill;

import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.TextDescription;
import io.tokenwise.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;

/** Texts to train on, or pairs of texts, as their tokens; of more than memory should hold a random part is kept. Blank ones do not count. For one thread. */
public final class TrainingTexts {
    /** 25 times what is trained on by default; with what is kept beside them, short texts of so many tokens take 0.5 GB. */
    public static final long MOST_TOKENS = 20_000_000;

    private final TextDescription model;
    private final Tokenizer tokenizer;
    private final Random random;
    private final boolean keepsWords;
    private final long mostTokens;
    private final List<Text> kept = new ArrayList<>();
    private long tokens;
    private long given;
    private long cut;

    /** One of so many texts is kept. */
    private int oneOf = 1;

    /**
     * A text that is trained on.
     *
     * @param words null where tokens are all that is wanted
     */
    private record Text(int[] ids, String words) {}

    /**
     * @param model that reads the texts
     * @param keepsWords whether {@link #words} are wanted too, for which there must be memory; not of pairs
     * @param mostTokens about half of the texts is forgotten whenever there are more tokens
     */
    public TrainingTexts(ModelFiles model, long seed, boolean keepsWords, long mostTokens) {
        this.model = (TextDescription) model.description();
        this.tokenizer = model.tokenizer();
        this.keepsWords = keepsWords;
        this.mostTokens = mostTokens;
        random = new Random(seed);
    }

    public void add(String text) {
        if (!text.isBlank()) {
            add(text, () -> tokenizer.encode(text));
        }
    }

    public void addPair(String first, String second) {
        if (!first.isBlank() && !second.isBlank()) {
            add(null, () -> model.encodePair(tokenizer, first, second));
        }
    }

    private void add(String text, Supplier<Tokenizer.Encoded> encode) {
        given++;
        if (oneOf > 1 && random.nextInt(oneOf) > 0) {
            return;
        }
        Tokenizer.Encoded encoded = encode.get();
        kept.add(new Text(encoded.ids(), keepsWords ? text : null));
        tokens += encoded.ids().length;
        cut += encoded.truncated() ? 1 : 0;
        if (tokens > mostTokens) {
            kept.removeIf(_ -> random.nextBoolean());
            tokens = kept.stream().mapToLong(one -> one.ids().length).sum();
            oneOf *= 2;
        }
    }

    /** Those that were given, without blank ones. */
    public long given() {
        return given;
    }

    /** Those that are kept. */
    public int kept() {
        return kept.size();
    }

    /** Tokens of those that are kept. */
    public long tokens() {
        return tokens;
    }

    /** Tokens that the model reads of a text at most. */
    public int longest() {
        return tokenizer.maxTokens();
    }

    /** Texts that are longer. */
    public long cut() {
        return cut;
    }

    /** The texts' tokens in an order that the seed decides: a sorted file must not decide which texts are held out. */
    public List<int[]> sequences() {
        Collections.shuffle(kept, random);
        return kept.stream().map(Text::ids).toList();
    }

    /** The texts as they were given, in the order of the last {@link #sequences}; only if that was said to be wanted. */
    public List<String> words() {
        return kept.stream().map(Text::words).toList();
    }
}
