package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/**
 * A tokenizer as tokenizer.json describes it: WordPiece, WordLevel, Unigram or BPE. Gives the ids that Hugging Face's tokenizers library gives, but in
 * Java: over ten times as fast as through JNI, and without a native library to be unpacked, loaded and trusted. Thread-safe.
 */
public final class Tokenizer {
    /** Room for the two special tokens and one of the text. */
    public static final int LEAST_MAX_TOKENS = 3;

    /** A text's chars. Work areas have up to eight places for each, and arrays less than 2^31. */
    private static final int MOST_CHARS = 1 << 27;

    private final String file;
    private final byte[] json;
    private final int maxTokens;
    private final TokenizerJson description;
    private final Frame frame;

    /** Null for a model that reads texts as they are. */
    private final Bag bag;

    /**
     * A text's tokens.
     *
     * @param ids rows of the word embedding with the tokens around a text, such as {@code [CLS]} and {@code [SEP]}; of a pair's second text, and
     *     of marks, they may carry a type ({@link TokenTypes})
     * @param truncated whether the text had more tokens than the model takes
     */
    public record Encoded(int[] ids, boolean truncated) {}

    private Tokenizer(String file, byte[] json, int maxTokens, TokenizerJson description, Frame frame, Bag bag) {
        this.file = file;
        this.json = json;
        this.maxTokens = maxTokens;
        this.description = description;
        this.frame = frame;
        this.bag = bag;
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
     * @throws BadFileException if it is no tokenizer of a kind that is read or names tokens that it does not have
     */
    public static Tokenizer open(String file, byte[] json, int maxTokens) {
        return open(file, json, maxTokens, TokenTypes.MOST, Integer.MAX_VALUE);
    }

    /**
     * The same for a model that knows so many types of tokens. One that knows none, or one alone, gets no types: so it is in transformers too.
     *
     * @param rows tokens that the model knows; special ones from there on, which were added for other models, are left out: what they are called is text
     * @throws BadFileException also if of several types the tokenizer gives others
     */
    public static Tokenizer open(String file, byte[] json, int maxTokens, int types, int rows) {
        if (maxTokens < LEAST_MAX_TOKENS) {
            throw new IllegalArgumentException("maxTokens is " + maxTokens + ", must be at least " + LEAST_MAX_TOKENS);
        }
        byte[] own = json.clone();
        TokenizerJson description = TokenizerJson.read(file, own, rows);
        Frame frame = description.frame().within(types, file);
        if (maxTokens <= frame.marks()) {
            throw new BadFileException(
                    file,
                    "puts " + frame.marks() + " tokens around a text, and the model takes " + maxTokens
                            + "; must leave room for one of the text");
        }
        return new Tokenizer(file, own, maxTokens, description, frame, null);
    }

    /**
     * The same tokenizer for what wants a text's own tokens, and no special ones around them.
     *
     * @param most longer texts are cut to this many tokens, from 1 on
     */
    public Tokenizer bare(int most) {
        if (most < 1) {
            throw new IllegalArgumentException("most is " + most + ", must be at least 1");
        }
        return new Tokenizer(file, json, most, description, Frame.NONE, null);
    }

    /**
     * The same tokenizer for a model that only averages what it has of a text's tokens: with no special ones around them, and cut also where tokenizer.json says so.
     *
     * @param nothing the id of what a text without tokens is
     * @param knownAlone whether texts are read as model2vec reads them: without unknown tokens, where the file names one, and of a text only so many characters as {@link #maxTokens}
     *     tokens of the vocabulary's median length have
     * @throws BadFileException if it is to be cut in a way that is not supported
     */
    public Tokenizer bag(int nothing, boolean knownAlone) {
        Bag own = knownAlone
                ? Bag.known(nothing, file, json, description.vocabulary(), maxTokens)
                : Bag.whole(nothing, file, json);
        return new Tokenizer(file, json, Math.min(maxTokens, own.cut()), description, Frame.NONE, own);
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
        requireRoom(most);
        if (bag != null) {
            return encodeInBag(text, most);
        }
        int room = most - frame.marks();
        int[] tokens = encodeFirst(text, room);
        return new Encoded(frame.around(tokens, Math.min(tokens.length, room)), tokens.length > room);
    }

    private Encoded encodeInBag(String text, int most) {
        String begin = bag.begin(text);
        int[] found = find(begin, Math.min(bag.sought(most), bag.cut()));
        int[] tokens = bag.without(found.length > bag.cut() ? Arrays.copyOf(found, bag.cut()) : found);
        boolean truncated = begin.length() < text.length() || found.length > bag.cut() || tokens.length > most;
        return new Encoded(bag.first(tokens, most), truncated);
    }

    /**
     * Splits two texts into the tokens of one input, as a model that compares texts wants them.
     *
     * @param most if there are more tokens, the special ones included, the longer text is cut until both are of one length, then both
     * @throws IllegalArgumentException if the tokenizer has no form for pairs
     */
    public Encoded encodePair(String first, String second, int most) {
        requireRoom(most);
        Frame.Pair pair = frame.pair()
                .orElseThrow(() -> new IllegalArgumentException(
                        file + ": post_processor has no form for pairs of texts; this model takes one text"));
        int room = most - pair.marks();
        if (room < 2) {
            throw new IllegalArgumentException(
                    file + ": pairs can be cut to " + (pair.marks() + 2) + " or more tokens, not to " + most);
        }
        int[] a = encodeFirst(first, room);
        int[] b = encodeFirst(second, room);
        // Of two that are too long the longer gets the token that cannot be shared, if there is one: that is seen where
        // the shorter ends.
        for (int seen = room; room % 2 == 1 && a.length > seen && b.length > seen; ) {
            seen = (int) Math.min(16L * Math.min(a.length, b.length), Integer.MAX_VALUE);
            a = encodeFirst(first, seen);
            b = encodeFirst(second, seen);
        }
        int shorter = Math.min(a.length, b.length);
        int longer = Math.max(a.length, b.length);
        boolean truncated = shorter + longer > room;
        if (truncated) {
            longer = shorter > room ? shorter : Math.max(shorter, room - shorter);
            if (shorter + longer > room) {
                shorter = room / 2;
                longer = room - shorter;
            }
        }
        boolean firstIsLonger = a.length > b.length;
        int ofFirst = firstIsLonger ? longer : shorter;
        int ofSecond = firstIsLonger ? shorter : longer;
        return new Encoded(pair.around(a, ofFirst, b, ofSecond), truncated);
    }

    private void requireRoom(int most) {
        int least = Math.min(maxTokens, Math.max(LEAST_MAX_TOKENS, frame.marks() + 1));
        if (most < least || most > maxTokens) {
            throw new IllegalArgumentException(
                    file + ": texts can be cut to " + least + " to " + maxTokens + " tokens, not to " + most);
        }
    }

    /** All tokens of a text however long it is, without the special ones around it. */
    public int[] encodeAll(String text) {
        return encodeFirst(text, Integer.MAX_VALUE);
    }

    /** The first of these: as few as are found until there are more than {@code most}, or all if there are no more. */
    public int[] encodeFirst(String text, int most) {
        return bag == null ? find(text, most) : bag.without(find(text, bag.sought(most)));
    }

    private int[] find(String text, int most) {
        Tokens tokens = Tokens.ids(most);
        encode(text, tokens);
        return tokens.ids();
    }

    private void encode(String text, Tokens out) {
        if (text.length() > MOST_CHARS) {
            throw new IllegalArgumentException(
                    "a text of " + text.length() + " chars; supported: up to " + MOST_CHARS + ", give parts of it");
        }
        description.raw().encode(text, 0, text.length(), out, this::between);
    }

    /** Of what is between the tokens that are found in the text as it stands. */
    private void between(String text, int from, int to, Tokens out) {
        boolean asItStands = description.normalizers().isEmpty()
                || description.pieces().normalizes()
                        && !description.normalized().mayBegin(text, from, to);
        if (asItStands && !isBroken(text, from, to)) {
            description.normalized().encode(text, from, to, out, description.pieces()::encode);
            return;
        }
        var normalized = new Normalized(
                file, text, from, to, out.wantsPlaces() || description.pieces().asksForPlaces(), out.normalizedChars());
        description.normalizers().forEach(step -> step.normalize(normalized));
        String changed = normalized.toString();
        out.in(normalized);
        description.normalized().encode(changed, 0, changed.length(), out, description.pieces()::encode);
        out.in(null);
    }

    /** Whether there is a surrogate that is no half of a pair. */
    private static boolean isBroken(String text, int from, int to) {
        for (int at = from; at < to; at++) {
            if (Character.isSurrogate(text.charAt(at))) {
                if (at + 1 == to || !Character.isSurrogatePair(text.charAt(at), text.charAt(at + 1))) {
                    return true;
                }
                at++;
            }
        }
        return false;
    }

    /** Where in the text the tokens of {@link #encodeAll} are. */
    public List<Place> places(String text) {
        Tokens tokens = Tokens.withPlaces();
        encode(text, tokens);
        List<Place> places =
                description.trim().map(trim -> trim.of(text, tokens)).orElse(tokens.places());
        return bag == null
                ? places
                : places.stream().filter(place -> place.id() != bag.unknown()).toList();
    }

    /**
     * A token's place.
     *
     * @param start where it begins in the text, in chars
     * @param end where it ends
     */
    public record Place(int id, int start, int end) {}

    /** Such tokens with the special ones around them; of a bag what a text without tokens is, if there are none. */
    public int[] surrounded(int... ids) {
        return bag == null ? frame.around(ids, ids.length) : bag.first(ids, ids.length);
    }

    /** The special tokens around a text, and around and between two. */
    public Frame frame() {
        return frame;
    }

    /** Whether a token goes on with the word of the one before it. */
    public boolean continuesWord(int id) {
        String token = token(id);
        return token.startsWith(description.wordMark()) == description.markContinues()
                && !description.added().get(id);
    }

    /**
     * A text with these tokens, as near as they tell: case and accents may be lost, and spaces are those that a writer would set.
     *
     * @param withSpecial whether tokens such as {@code [CLS]} are written too
     * @throws IllegalArgumentException if an id is not in the vocabulary
     */
    public String decode(int[] ids, boolean withSpecial) {
        List<String> tokens = Arrays.stream(ids)
                .filter(id -> withSpecial || !description.special().get(Math.max(0, id)))
                .mapToObj(this::token)
                .toList();
        return Decoder.text(description.decoders(), tokens);
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

    /** What cuts words: WordPiece, WordLevel, Unigram, BPE or byte-level BPE. */
    public String kind() {
        return description.kind();
    }

    /** One more than the largest id that {@link #encode} can give. */
    public int vocabularySize() {
        return description.vocabulary().length;
    }

    /** The tokenizer.json that this was opened from, to save it again. */
    public byte[] json() {
        return json.clone();
    }

    /** Whether there is a token of this id: a vocabulary may have holes, and a model more rows than there are tokens. */
    public boolean has(int id) {
        return id >= 0 && id < vocabularySize() && description.vocabulary()[id] != null;
    }

    private String token(int id) {
        if (!has(id)) {
            throw new IllegalArgumentException(file + ": no token has the id " + id);
        }
        return description.vocabulary()[id];
    }
}
