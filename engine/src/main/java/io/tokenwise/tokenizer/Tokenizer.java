package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/**
 * A WordPiece tokenizer as tokenizer.json describes it. Gives the ids that Hugging Face's tokenizers library gives, but in Java: over ten
 * times as fast as through JNI, and without a native library to be unpacked, loaded and trusted. Thread-safe.
 */
public final class Tokenizer {
    /** Room for the two special tokens and one of the text. */
    public static final int LEAST_MAX_TOKENS = 3;

    private final String file;
    private final byte[] json;
    private final int maxTokens;
    private final TokenizerJson description;
    private final WordPiece wordPiece;

    /**
     * A text's tokens.
     *
     * @param ids rows of the word embedding, from {@code [CLS]} to {@code [SEP]}
     * @param truncated whether the text had more tokens than the model takes
     */
    public record Encoded(int[] ids, boolean truncated) {}

    private Tokenizer(String file, byte[] json, int maxTokens) {
        if (maxTokens < LEAST_MAX_TOKENS) {
            throw new IllegalArgumentException("maxTokens is " + maxTokens + ", must be at least " + LEAST_MAX_TOKENS);
        }
        this.file = file;
        this.json = json;
        this.maxTokens = maxTokens;
        this.description = TokenizerJson.read(JsonFile.parse(file, json));
        this.wordPiece = new WordPiece(description);
    }

    /** Opens a tokenizer.json. */
    public static Tokenizer open(Path path, int maxTokens) throws IOException {
        return open(path.toString(), JsonFile.bytes(path), maxTokens);
    }

    /**
     * Opens a tokenizer from the bytes of a tokenizer.json. Truncation and padding that it asks for are ignored.
     *
     * @param file the name to give it in messages
     * @param maxTokens longer texts are cut to this many tokens, the special ones included
     * @throws BadFileException if it is not a WordPiece tokenizer or names tokens that it does not have
     */
    public static Tokenizer open(String file, byte[] json, int maxTokens) {
        return new Tokenizer(file, json.clone(), maxTokens);
    }

    /** Splits a text into tokens. Unpaired surrogates are left out. Of a long text words are looked at only until there are tokens enough. */
    public Encoded encode(String text) {
        return encode(text, maxTokens);
    }

    /**
     * Splits a text into tokens, of which only the first are wanted.
     *
     * @param most longer texts are cut to this many tokens, the special ones included; from 3 to {@link #maxTokens}
     */
    public Encoded encode(String text, int most) {
        if (most < LEAST_MAX_TOKENS || most > maxTokens) {
            throw new IllegalArgumentException(file + ": texts can be cut to " + LEAST_MAX_TOKENS + " to " + maxTokens
                    + " tokens, not to " + most);
        }
        int room = most - 2;
        int[] tokens = wordPiece.encode(text, room);
        int count = Math.min(tokens.length, room);
        return new Encoded(surrounded(Arrays.copyOf(tokens, count)), tokens.length > room);
    }

    /** All tokens of a text however long it is, without the special ones around it. */
    public int[] encodeAll(String text) {
        return wordPiece.encode(text, Integer.MAX_VALUE);
    }

    /** Where in the text the tokens of {@link #encodeAll} are. */
    public List<Place> places(String text) {
        return wordPiece.places(text);
    }

    /**
     * A token's place.
     *
     * @param start where it begins in the text, in chars
     * @param end where it ends
     */
    public record Place(int id, int start, int end) {}

    /** Such tokens with the special ones around them. */
    public int[] surrounded(int... ids) {
        int[] all = new int[ids.length + 2];
        all[0] = description.before();
        System.arraycopy(ids, 0, all, 1, ids.length);
        all[ids.length + 1] = description.after();
        return all;
    }

    /** Whether a token goes on with the word of the one before it. */
    public boolean continuesWord(int id) {
        return token(id).startsWith(description.prefix());
    }

    /**
     * A text with these tokens, as near as they tell: case and accents may be lost, and spaces are those that a writer would set.
     *
     * @param withSpecial whether tokens such as {@code [CLS]} are written too
     * @throws IllegalArgumentException if an id is not in the vocabulary
     */
    public String decode(int[] ids, boolean withSpecial) {
        var text = new StringBuilder();
        for (int id : ids) {
            String token = token(id);
            if (!withSpecial && description.added().containsKey(token)) {
                continue;
            }
            if (text.isEmpty()) {
                text.append(token);
            } else if (token.startsWith(description.prefix())) {
                text.append(token, description.prefix().length(), token.length());
            } else {
                // What Hugging Face's decoder calls cleaning up; of its rules those that a single token of a BERT can
                // meet.
                boolean joins = token.equals(".") || token.equals("?") || token.equals("!") || token.equals(",");
                text.append(joins ? "" : " ").append(token);
            }
        }
        return text.toString();
    }

    /**
     * The tokens' text as the vocabulary has it, for example {@code ["[CLS]", "token", "##wise", "[SEP]"]}.
     *
     * @throws IllegalArgumentException if an id is not in the vocabulary
     */
    public List<String> tokens(int[] ids) {
        return Arrays.stream(ids).mapToObj(this::token).toList();
    }

    /** The id of a token as the vocabulary has it, such as {@code [MASK]}; empty if it has none of this name. */
    public OptionalInt id(String token) {
        int id = Arrays.asList(description.vocabulary()).indexOf(token);
        return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /** Tokens that a text has at most, the special ones included. */
    public int maxTokens() {
        return maxTokens;
    }

    /** One more than the largest id that {@link #encode} can give. */
    public int vocabularySize() {
        return description.vocabulary().length;
    }

    /** The tokenizer.json that this was opened from, to save it again. */
    public byte[] json() {
        return json.clone();
    }

    private String token(int id) {
        if (id < 0 || id >= vocabularySize()) {
            throw new IllegalArgumentException(file + ": no token has the id " + id);
        }
        return description.vocabulary()[id];
    }
}
