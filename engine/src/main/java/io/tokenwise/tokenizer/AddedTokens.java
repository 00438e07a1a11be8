package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import java.util.Comparator;
import java.util.List;

/**
 * Tokens that are found in a text as they stand, of those that begin first the longest; as Hugging Face's library finds them
 * (src/tokenizer/added_vocabulary.rs). Thread-safe.
 */
final class AddedTokens {
    /** Chars of one: at each place of a text as many may be read. */
    private static final int LONGEST = 1_000;

    private final Trie trie;
    private final List<AddedToken> tokens;

    /** By which ASCII characters some begin, and whether one begins by another. */
    private final boolean[] begins = new boolean[129];

    /**
     * One of them.
     *
     * @param text what is looked for
     * @param singleWord whether no letter may stand beside it
     * @param leftStrip whether it takes the white space before it too
     * @param normalized whether it is looked for in the text as normalizers leave it
     * @param special whether it is left out where tokens become a text again
     */
    record AddedToken(
            int id,
            String text,
            boolean singleWord,
            boolean leftStrip,
            boolean rightStrip,
            boolean normalized,
            boolean special) {
        /** With the text that normalizers make of its own. */
        AddedToken normalizedBy(String file, List<Normalizer> normalizers) {
            if (normalizers.isEmpty()) {
                return this;
            }
            var changed = new Normalized(file, text, false);
            normalizers.forEach(step -> step.normalize(changed));
            return new AddedToken(id, changed.toString(), singleWord, leftStrip, rightStrip, normalized, special);
        }
    }

    /** What is between them. */
    @FunctionalInterface
    interface Between {
        void encode(String text, int from, int to, Tokens out);
    }

    /**
     * Of a file. Of two with the same text, as normalizers may leave it, a special one counts, then the first.
     *
     * @param file for messages
     * @throws BadFileException if one is too long
     */
    AddedTokens(String file, List<AddedToken> tokens) {
        trie = new Trie(file);
        this.tokens = tokens.stream()
                .sorted(Comparator.comparing(token -> !token.special()))
                .toList();
        for (int i = 0; i < tokens.size(); i++) {
            AddedToken token = this.tokens.get(i);
            int length = token.text().length();
            if (length == 0 || trie.get(token.text()) != Trie.NONE) {
                continue;
            }
            if (length > LONGEST) {
                throw new BadFileException(
                        file, "added token " + token.id() + " has " + length + " chars; supported: up to " + LONGEST);
            }
            trie.put(token.text(), i);
            begins[Math.min(128, token.text().charAt(0))] = true;
        }
    }

    /** Gives the tokens of a text and what is between them, until no more are wanted. */
    void encode(String text, int from, int to, Tokens out, Between between) {
        int start = from;
        for (int at = from; at < to && !tokens.isEmpty() && !out.full(); ) {
            int found = begins[Math.min(128, text.charAt(at))] ? longest(text, at, to) : Trie.NONE;
            if (found == Trie.NONE) {
                at++;
                continue;
            }
            AddedToken token = tokens.get(found);
            int end = at + token.text().length();
            int begin = at;
            // The next one may begin in the white space that this one takes: both are found, and their places overlap.
            at = end;
            if (token.singleWord() && !isAlone(text, from, to, begin, end)) {
                continue;
            }
            while (token.leftStrip() && begin > start && White.is(text.charAt(begin - 1))) {
                begin--;
            }
            if (token.leftStrip() && begin < start) {
                begin = start;
                if (begin > end) {
                    continue;
                }
            }
            while (token.rightStrip() && end < to && White.is(text.charAt(end))) {
                end++;
            }
            if (begin > start) {
                between.encode(text, start, begin, out);
            }
            if (!out.full()) {
                out.asItStands(token.id(), text, begin, end);
            }
            start = end;
        }
        if (start < to && !out.full()) {
            between.encode(text, start, to, out);
        }
    }

    /** Whether one may begin in what small letters and single kinds of space make of a text; of other characters than ASCII's nobody knows. */
    boolean mayBegin(String text, int from, int to) {
        for (int at = from; at < to; at++) {
            char c = text.charAt(at);
            if (c >= 128 || begins[c] || begins[Character.toLowerCase(c)] || c <= ' ' && begins[' ']) {
                return true;
            }
        }
        return false;
    }

    private int longest(String text, int from, int to) {
        int found = Trie.NONE;
        int node = Trie.ROOT;
        for (int at = from; at < to; at++) {
            node = trie.next(node, text.charAt(at));
            if (node == Trie.NONE) {
                break;
            }
            if (trie.value(node) != Trie.NONE) {
                found = trie.value(node);
            }
        }
        return found;
    }

    private static boolean isAlone(String text, int from, int to, int start, int end) {
        return (start == from || !Letters.inWord(text.codePointBefore(start)))
                && (end == to || !Letters.inWord(text.codePointAt(end)));
    }
}
