package io.tokenwise.tokenizer;

import io.tokenwise.io.JsonFile;
import java.text.Normalizer;

/**
 * BERT's way from a text to token ids (Devlin et al. 2019): words are cleaned, split at white space and around punctuation, and cut
 * into the longest pieces that the vocabulary has. Gives the ids that Hugging Face's tokenizers library gives. Thread-safe.
 */
final class WordPiece implements Pieces {
    private static final UnicodeForm DECOMPOSED = new UnicodeForm(Normalizer.Form.NFD);

    /** The mark that is put in order after all others (its combining class is 240). */
    private static final String LAST_TO_COMBINE = "\u0345";

    /** A char has at most so many after it was cleaned by itself. */
    private static final int MOST_OF_ONE = 8;

    /** Of a char whose cleaning depends on those beside it. */
    private static final String UNSURE = "?".repeat(MOST_OF_ONE + 1);

    private static final byte INSIDE = 1;
    private static final byte WHITE = 2;
    private static final byte PUNCTUATION = 3;

    private final Trie trie;

    /** Where pieces go on that continue a word. */
    private final int continuation;

    /** What ASCII characters become, where that is one, and what others do; null if nobody asked yet. Threads may ask at the same time: they get the same. */
    private final char[] ascii = new char[128];

    private final String[] cleaned = new String[0x10000];

    /** What cleaned chars are to words; 0 if nobody asked yet. */
    private final byte[] kinds = new byte[0x10000];

    private final int unknown;
    private final String prefix;
    private final int longestWord;
    private final Cleaning cleaning;

    /**
     * How words are cleaned.
     *
     * @param cleanText whether control characters are removed
     * @param splitChinese whether each ideograph is a word
     */
    record Cleaning(boolean cleanText, boolean splitChinese, boolean stripAccents, boolean lowercase) {
        /** What a BertNormalizer says. */
        static Cleaning of(JsonFile normalizer) {
            boolean lowercase = normalizer.flag("lowercase", true);
            return new Cleaning(
                    normalizer.flag("clean_text", true),
                    normalizer.flag("handle_chinese_chars", true),
                    normalizer.flag("strip_accents", lowercase),
                    lowercase);
        }

        /** The same behind a step that makes capitals small. */
        Cleaning ofSmallLetters() {
            return new Cleaning(cleanText, splitChinese, stripAccents, true);
        }
    }

    /**
     * @param file for messages
     * @param pieces by id
     * @param unknown id of words that cannot be cut into pieces
     * @param prefix what pieces begin with that continue a word
     * @param longestWord characters of the longest word that is cut; longer ones are unknown
     */
    WordPiece(String file, String[] pieces, int unknown, String prefix, int longestWord, Cleaning cleaning) {
        this.unknown = unknown;
        this.prefix = prefix;
        this.longestWord = longestWord;
        this.cleaning = cleaning;
        trie = new Trie(file);
        for (int id = 0; id < pieces.length; id++) {
            trie.put(pieces[id], id);
        }
        continuation = trie.node(prefix);
        for (int c = 0; c < ascii.length; c++) {
            String by = cleaned(c);
            ascii[c] = by.length() == 1 ? by.charAt(0) : 0;
        }
    }

    Cleaning cleaning() {
        return cleaning;
    }

    @Override
    public boolean normalizes() {
        return true;
    }

    String prefix() {
        return prefix;
    }

    @Override
    public void encode(String text, int from, int to, Tokens out) {
        int start = from;
        for (int at = from; at < to && !out.full(); at++) {
            char c = text.charAt(at);
            if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
                stretch(text, start, at, out);
                start = at + 1;
            }
        }
        if (!out.full()) {
            stretch(text, start, to, out);
        }
    }

    /** Characters without ordinary white space between them: cleaned, then cut into words. */
    private void stretch(String text, int from, int to, Tokens out) {
        if (from == to) {
            return;
        }
        if (out.wantsPlaces()) {
            Normalized places = places(text, from, to);
            words(places.toString().toCharArray(), places.length(), places, out);
            return;
        }
        char[] clean = out.chars(MOST_OF_ONE * (to - from));
        int length = cleanEach(text, from, to, clean);
        if (length < 0) {
            String together = clean(text, from, to);
            length = together.length();
            clean = out.chars(length);
            together.getChars(0, length, clean, 0);
        }
        words(clean, length, null, out);
    }

    /** Cuts what is cleaned into words; with their places if they are asked for. */
    private void words(char[] clean, int length, Normalized places, Tokens out) {
        int start = 0;
        for (int at = 0; at < length && !out.full(); ) {
            int next = at + (Character.isHighSurrogate(clean[at]) && at + 1 < length ? 2 : 1);
            byte kind = next - at == 1 ? kind(clean[at]) : findKind(Character.codePointAt(clean, at, length));
            if (kind != INSIDE) {
                word(clean, start, at, places, out);
                if (kind == PUNCTUATION) {
                    word(clean, at, next, places, out);
                }
                start = next;
            }
            at = next;
        }
        if (!out.full()) {
            word(clean, start, length, places, out);
        }
    }

    /** Cleans the same by the steps of the library, which say where each char comes from. */
    private Normalized places(String text, int from, int to) {
        var places = new Normalized("", text, from, to, true, 0);
        Normalizers.bert(cleaning).normalize(places);
        return places;
    }

    private byte kind(char c) {
        byte kind = kinds[c];
        if (kind == 0) {
            kind = findKind(c);
            kinds[c] = kind;
        }
        return kind;
    }

    private static byte findKind(int c) {
        return BertCharacters.isPunctuation(c) ? PUNCTUATION : White.is(c) ? WHITE : INSIDE;
    }

    /** Cleans char by char and returns how many there are then; -1 if one depends on others. */
    private int cleanEach(String text, int from, int to, char[] clean) {
        int length = 0;
        for (int at = from; at < to; at++) {
            char c = text.charAt(at);
            if (c < ascii.length && ascii[c] != 0) {
                clean[length++] = ascii[c];
                continue;
            }
            String by = cleaned(c);
            if (by.length() > MOST_OF_ONE) {
                return -1;
            }
            by.getChars(0, by.length(), clean, length);
            length += by.length();
        }
        return length;
    }

    private String cleaned(int c) {
        String by = cleaned[c];
        if (by == null) {
            String text = String.valueOf((char) c);
            by = clean(text, 0, 1);
            // What combines has a place in the order of what combines with the same letter.
            boolean combines = cleaning.stripAccents()
                    && by.chars().anyMatch(each -> !isDecomposed(LAST_TO_COMBINE + (char) each));
            if (combines || by.length() > MOST_OF_ONE || Character.isSurrogate((char) c)) {
                by = UNSURE;
            }
            cleaned[c] = by;
        }
        return by;
    }

    private static boolean isDecomposed(String text) {
        return Normalizer.isNormalized(text, Normalizer.Form.NFD);
    }

    private String clean(String text, int from, int to) {
        var clean = new StringBuilder(to - from + 8);
        boolean ascii = true;
        for (int at = from; at < to; ) {
            int c = text.codePointAt(at);
            at += Character.charCount(c);
            ascii &= c < 128;
            if (cleaning.cleanText() && BertCharacters.isControl(c) || Character.getType(c) == Character.SURROGATE) {
                continue;
            }
            // Before they are put in order, which takes the square of their number.
            if (cleaning.stripAccents() && BertCharacters.isMark(c)) {
                continue;
            }
            if (cleaning.splitChinese() && BertCharacters.isChinese(c)) {
                clean.append(' ').appendCodePoint(c).append(' ');
            } else if (cleaning.lowercase() && c >= 'A' && c <= 'Z') {
                clean.append((char) (c + 'a' - 'A'));
            } else {
                clean.appendCodePoint(c);
            }
        }
        return ascii ? clean.toString() : withoutAccents(clean.toString());
    }

    private String withoutAccents(String text) {
        String split = cleaning.stripAccents() ? decomposed(text) : text;
        var clean = new StringBuilder(split.length());
        for (int at = 0; at < split.length(); ) {
            int c = split.codePointAt(at);
            at += Character.charCount(c);
            if (cleaning.stripAccents() && BertCharacters.isMark(c)) {
                continue;
            }
            if (cleaning.lowercase() && c == 'İ') {
                // The only letter whose lower case is two characters.
                clean.append("i\u0307");
            } else {
                clean.appendCodePoint(cleaning.lowercase() ? Character.toLowerCase(c) : c);
            }
        }
        return clean.toString();
    }

    /** Letters and their accents apart. */
    private static String decomposed(String text) {
        var apart = new Normalized("", text, false);
        DECOMPOSED.normalize(apart);
        return apart.toString();
    }

    /** The longest pieces from left to right; unknown as a whole if some part is in no piece. */
    private void word(char[] text, int from, int to, Normalized places, Tokens out) {
        if (from == to) {
            return;
        }
        int before = out.size();
        boolean known = to - from <= longestWord || Character.codePointCount(text, from, to - from) <= longestWord;
        for (int start = from; known && start < to; ) {
            int id = Trie.NONE;
            int end = start;
            int node = start == from ? Trie.ROOT : continuation;
            for (int at = start; at < to && node != Trie.NONE; at++) {
                node = trie.next(node, text[at]);
                if (node != Trie.NONE && trie.value(node) != Trie.NONE) {
                    id = trie.value(node);
                    end = at + 1;
                }
            }
            known = id != Trie.NONE;
            if (known) {
                give(id, start, end, places, out);
                start = end;
            }
        }
        if (!known) {
            out.cut(before);
            give(unknown, from, to, places, out);
        }
    }

    private static void give(int id, int from, int to, Normalized places, Tokens out) {
        if (places == null) {
            out.token(id, from, to);
        } else {
            out.token(id, places.start(from), places.end(to - 1));
        }
    }
}
