package io.tokenwise.tokenizer;

import java.text.Normalizer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * BERT's way from a text to token ids (Devlin et al. 2019): words are cleaned, split at white space and around punctuation, and cut
 * into the longest pieces that the vocabulary has. Gives the ids that Hugging Face's tokenizers library gives. Thread-safe.
 */
final class WordPiece {
    private static final int DECOMPOSED_AT_ONCE = 1024;

    private final TokenizerJson json;
    private final Map<String, Integer> starts = new HashMap<>();
    private final Map<String, Integer> continuations = new HashMap<>();
    /** Longest first. */
    private final List<String> addedTokens;

    private final String firstOfAdded;
    private final int longest;

    WordPiece(TokenizerJson json) {
        this.json = json;
        int most = 0;
        for (int id = 0; id < json.words(); id++) {
            String token = json.vocabulary()[id];
            most = Math.max(most, token.length());
            starts.put(token, id);
            if (token.startsWith(json.prefix())) {
                continuations.put(token.substring(json.prefix().length()), id);
            }
        }
        longest = most;
        addedTokens = json.added().keySet().stream()
                .sorted((a, b) -> b.length() - a.length())
                .toList();
        var first = new StringBuilder();
        addedTokens.forEach(token -> first.append(token.charAt(0)));
        firstOfAdded = first.toString();
    }

    /** Ids that grow; more than {@code most} are not looked for. */
    private static final class Ids {
        final int most;

        /** Where they are in the text; null if nobody asks. */
        final WordPlaces places;

        int[] ids = new int[32];
        int size;

        Ids(int most, WordPlaces places) {
            this.most = most;
            this.places = places;
        }

        /** A piece of the cleaned text. */
        void add(int id, int from, int to) {
            add(id);
            if (places != null) {
                places.add(id, from, to);
            }
        }

        void add(int id) {
            if (size == ids.length) {
                ids = Arrays.copyOf(ids, 2 * size);
            }
            ids[size++] = id;
        }

        /** Takes pieces back until there are so many. */
        void cut(int newSize) {
            size = newSize;
            if (places != null) {
                places.cut(newSize);
            }
        }

        boolean full() {
            return size > most;
        }
    }

    /** The ids of a text without the tokens around it; of a text with more than {@code most}, some more than that. */
    int[] encode(String text, int most) {
        var ids = new Ids(most, null);
        encode(text, ids);
        return Arrays.copyOf(ids.ids, ids.size);
    }

    /** All ids of a text with their places. */
    List<Tokenizer.Place> places(String text) {
        var places = new WordPlaces();
        encode(text, new Ids(Integer.MAX_VALUE, places));
        return places.all();
    }

    private void encode(String text, Ids ids) {
        int start = 0;
        int at = 0;
        while (at < text.length() && !ids.full()) {
            char c = text.charAt(at);
            String added = firstOfAdded.indexOf(c) < 0 ? null : addedAt(text, at);
            if (added == null && c != ' ' && c != '\t' && c != '\n' && c != '\r') {
                at++;
                continue;
            }
            stretch(text, start, at, ids);
            if (added != null) {
                int id = json.added().get(added);
                ids.add(id);
                if (ids.places != null) {
                    ids.places.addAsIs(id, at, at + added.length());
                }
            }
            at += added == null ? 1 : added.length();
            start = at;
        }
        stretch(text, start, at, ids);
    }

    private String addedAt(String text, int at) {
        for (String token : addedTokens) {
            if (text.startsWith(token, at)) {
                return token;
            }
        }
        return null;
    }

    /** Characters without ordinary white space between them: cleaned, then cut into words. */
    private void stretch(String text, int from, int to, Ids ids) {
        if (from == to) {
            return;
        }
        String clean = clean(text, from, to);
        if (ids.places != null) {
            ids.places.begin(clean, text, from, to, this::clean);
        }
        int start = 0;
        for (int at = 0; at < clean.length() && !ids.full(); ) {
            int c = clean.codePointAt(at);
            int next = at + Character.charCount(c);
            boolean punctuation = BertCharacters.isPunctuation(c);
            if (punctuation || BertCharacters.isWhite(c)) {
                word(clean, start, at, ids);
                if (punctuation) {
                    word(clean, at, next, ids);
                }
                start = next;
            }
            at = next;
        }
        if (!ids.full()) {
            word(clean, start, clean.length(), ids);
        }
    }

    private String clean(String text, int from, int to) {
        var clean = new StringBuilder(to - from + 8);
        boolean ascii = true;
        for (int at = from; at < to; ) {
            int c = text.codePointAt(at);
            at += Character.charCount(c);
            ascii &= c < 128;
            if (json.cleanText() && BertCharacters.isControl(c) || Character.getType(c) == Character.SURROGATE) {
                continue;
            }
            // Before they are put in order, which takes the square of their number.
            if (json.stripAccents() && BertCharacters.isMark(c)) {
                continue;
            }
            if (json.splitChinese() && BertCharacters.isChinese(c)) {
                clean.append(' ').appendCodePoint(c).append(' ');
            } else if (json.lowercase() && c >= 'A' && c <= 'Z') {
                clean.append((char) (c + 'a' - 'A'));
            } else {
                clean.appendCodePoint(c);
            }
        }
        return ascii ? clean.toString() : withoutAccents(clean.toString());
    }

    private String withoutAccents(String text) {
        String split = json.stripAccents() ? decomposed(text) : text;
        var clean = new StringBuilder(split.length());
        for (int at = 0; at < split.length(); ) {
            int c = split.codePointAt(at);
            at += Character.charCount(c);
            if (json.stripAccents() && BertCharacters.isMark(c)) {
                continue;
            }
            if (json.lowercase() && c == 'İ') {
                // The only letter whose lower case is two characters.
                clean.append("i\u0307");
            } else {
                clean.appendCodePoint(json.lowercase() ? Character.toLowerCase(c) : c);
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
    private void word(String text, int from, int to, Ids ids) {
        if (from == to) {
            return;
        }
        int before = ids.size;
        boolean known = to - from <= json.longestWord() || text.codePointCount(from, to) <= json.longestWord();
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
                ids.add(id, start, end);
                start = end;
                pieces = continuations;
            }
        }
        if (!known) {
            ids.cut(before);
            ids.add(json.unknown(), from, to);
        }
    }
}
