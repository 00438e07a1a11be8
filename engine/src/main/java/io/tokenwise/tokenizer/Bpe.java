package io.tokenwise.tokenizer;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Byte pair encoding (Sennrich et al. 2016): a word begins as its characters or bytes, and as long as two neighbours are in the list of
 * merges, those become one that stand first in it. Gives the ids that Hugging Face's tokenizers library gives. Thread-safe.
 */
final class Bpe {
    private final String[] pieces;
    private final Merges merges;
    private final Options options;

    /** Ids of pieces that are one character. */
    private final Map<Integer, Integer> characters = new HashMap<>();

    /** Ids of all pieces; only if a word can be one as a whole. */
    private final Map<String, Integer> words;

    /** Ids of {@code <0x00>} to {@code <0xFF>}; -1 where there is none. */
    private final int[] bytes = new int[256];

    /**
     * What else the model says.
     *
     * @param unknown the id of characters that are no piece; -1 if those are left out
     * @param fuseUnknown whether such characters in a row are one token
     * @param byteFallback whether they become the pieces {@code <0x00>} to {@code <0xFF>} of their UTF-8 bytes, where all of those exist
     * @param ignoreMerges whether a word that is a piece is that piece, whatever merges say
     */
    record Options(int unknown, boolean fuseUnknown, boolean byteFallback, boolean ignoreMerges) {}

    /**
     * Of a vocabulary and its merges.
     *
     * @param pieces by id, without added tokens; null where an id has none
     */
    Bpe(String[] pieces, Merges merges, Options options) {
        this.pieces = pieces;
        this.merges = merges;
        this.options = options;
        this.words = options.ignoreMerges() ? HashMap.newHashMap(pieces.length) : Map.of();
        Arrays.fill(bytes, -1);
        for (int id = 0; id < pieces.length; id++) {
            String piece = pieces[id];
            if (piece == null || piece.isEmpty()) {
                continue;
            }
            if (piece.length() == Character.charCount(piece.codePointAt(0))) {
                characters.put(piece.codePointAt(0), id);
            }
            if (options.ignoreMerges()) {
                words.put(piece, id);
            }
            int value = byteOf(piece);
            if (value >= 0) {
                bytes[value] = id;
            }
        }
    }

    /** The byte that a piece such as {@code <0x0A>} stands for, or -1. */
    private static int byteOf(String piece) {
        boolean is = piece.length() == 6 && piece.startsWith("<0x") && piece.charAt(5) == '>';
        return is ? hex(piece.charAt(3)) << 4 | hex(piece.charAt(4)) : -1;
    }

    /** Only upper case counts; anything else makes the byte negative. */
    private static int hex(char c) {
        return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : Integer.MIN_VALUE;
    }

    String[] pieces() {
        return pieces;
    }

    Merges merges() {
        return merges;
    }

    boolean ignoresMerges() {
        return options.ignoreMerges();
    }

    /** Adds the tokens of a word, or of a text that is not cut into words. */
    void characters(String text, int from, int to, Symbols out) {
        if (options.ignoreMerges()) {
            Integer id = words.get(text.substring(from, to));
            if (id != null) {
                out.add(id, from, to);
                return;
            }
        }
        int first = out.count;
        for (int at = from; at < to; ) {
            int c = text.codePointAt(at);
            int end = at + Character.charCount(c);
            Integer id = characters.get(c);
            if (id != null) {
                out.add(id, at, end);
            } else if (!addBytes(c, at, end, out) && options.unknown() >= 0) {
                unknown(first, at, end, out);
            }
            at = end;
        }
        out.merge(first, merges);
    }

    private void unknown(int first, int start, int end, Symbols out) {
        int last = out.count - 1;
        boolean follows = last >= first && out.ids[last] == options.unknown() && out.ends[last] == start;
        if (options.fuseUnknown() && follows) {
            out.ends[last] = end;
        } else {
            out.add(options.unknown(), start, end);
        }
    }

    /** Adds a character's bytes; if one of them has no piece, none, and false. */
    private boolean addBytes(int c, int start, int end, Symbols out) {
        if (!options.byteFallback()) {
            return false;
        }
        int before = out.count;
        for (int i = 0; i < Utf8.length(c); i++) {
            int id = bytes[Utf8.at(c, i)];
            if (id < 0) {
                out.count = before;
                return false;
            }
            out.add(id, start, end);
        }
        return true;
    }
}
