package io.tokenwise.tokenizer;

import java.text.Normalizer;
import java.util.HashMap;
import java.util.Map;

/**
 * BERT's way from a text to token ids (Devlin et al. 2019): words are cleaned, split at white space and around punctuation, and cut
 * into the longest pieces that the vocabulary has. Gives the ids that Hugging Face's tokenizers library gives. Thread-safe.
 */
final class WordPiece implements Pieces {
    private static final int DECOMPOSED_AT_ONCE = 1024;

    private final Map<String, Integer> starts = new HashMap<>();
    private final Map<String, Integer> continuations = new HashMap<>();
    private final int unknown;
    private final String prefix;
    private final int longestWord;
    private final Cleaning cleaning;
    private final int longest;

    /**
     * How words are cleaned.
     *
     * @param cleanText whether control characters are removed
     * @param splitChinese whether each ideograph is a word
     */
    record Cleaning(boolean cleanText, boolean splitChinese, boolean stripAccents, boolean lowercase) {}

    /**
     * @param pieces by id
     * @param unknown id of words that cannot be cut into pieces
     * @param prefix what pieces begin with that continue a word
     * @param longestWord characters of the longest word that is cut; longer ones are unknown
     */
    WordPiece(String[] pieces, int unknown, String prefix, int longestWord, Cleaning cleaning) {
        this.unknown = unknown;
        this.prefix = prefix;
        this.longestWord = longestWord;
        this.cleaning = cleaning;
        int most = 0;
        for (int id = 0; id < pieces.length; id++) {
            String token = pieces[id];
            most = Math.max(most, token.length());
            starts.put(token, id);
            if (token.startsWith(prefix)) {
                continuations.put(token.substring(prefix.length()), id);
            }
        }
        longest = most;
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
        String clean = clean(text, from, to);
        WordPlaces places = out.wantsPlaces() ? new WordPlaces(clean, text, from, to, this::clean) : null;
        int start = 0;
        for (int at = 0; at < clean.length() && !out.full(); ) {
            int c = clean.codePointAt(at);
            int next = at + Character.charCount(c);
            boolean punctuation = BertCharacters.isPunctuation(c);
            if (punctuation || BertCharacters.isWhite(c)) {
                word(clean, start, at, places, out);
                if (punctuation) {
                    word(clean, at, next, places, out);
                }
                start = next;
            }
            at = next;
        }
        if (!out.full()) {
            word(clean, start, clean.length(), places, out);
        }
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

    /**
     * Letters and their accents apart. Piece by piece, because of a long row of combining characters Java's normalizer would take the square
     * of the length; only the order of combining characters beside a cut could differ, and marks are gone already.
     */
    private static String decomposed(String text) {
        if (text.length() <= DECOMPOSED_AT_ONCE) {
            return Normalizer.normalize(text, Normalizer.Form.NFD);
        }
        var split = new StringBuilder(text.length());
        for (int from = 0; from < text.length(); ) {
            int to = Math.min(text.length(), from + DECOMPOSED_AT_ONCE);
            if (to < text.length() && Character.isLowSurrogate(text.charAt(to))) {
                to--;
            }
            split.append(Normalizer.normalize(text.substring(from, to), Normalizer.Form.NFD));
            from = to;
        }
        return split.toString();
    }

    /** The longest pieces from left to right; unknown as a whole if some part is in no piece. */
    private void word(String text, int from, int to, WordPlaces places, Tokens out) {
        if (from == to) {
            return;
        }
        int before = out.size();
        boolean known = to - from <= longestWord || text.codePointCount(from, to) <= longestWord;
        Map<String, Integer> pieces = starts;
        for (int start = from; known && start < to; ) {
            Integer id = null;
            int end = Math.min(to, start + longest);
            while (end > start) {
                id = pieces.get(text.substring(start, end));
                if (id != null) {
                    break;
                }
                end--;
            }
            known = id != null;
            if (known) {
                give(id, start, end, places, out);
                start = end;
                pieces = continuations;
            }
        }
        if (!known) {
            out.cut(before);
            give(unknown, from, to, places, out);
        }
    }

    private static void give(int id, int from, int to, WordPlaces places, Tokens out) {
        if (places == null) {
            out.token(id, from, to);
        } else {
            out.token(id, places.start(from), places.end(to));
        }
    }
}
