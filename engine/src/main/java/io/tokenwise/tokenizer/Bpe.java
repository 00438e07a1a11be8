package io.tokenwise.tokenizer;

import static io.tokenwise.tokenizer.SentencePieces.MARK;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * Byte pair encoding (Sennrich et al. 2016): a word begins as its characters or bytes, and as long as two neighbours are in the list of
 * merges, those become one that stand first in it. Gives the ids that Hugging Face's tokenizers library gives. Thread-safe.
 */
final class Bpe implements SentencePieces.Model {
    private final String[] pieces;
    private final Merges merges;
    private final Options options;

    /** Ids plus one of pieces that are one character, of those of one char and of others. */
    private final int[] plane = new int[0x10000];

    private final Map<Integer, Integer> others = new HashMap<>();

    /**
     * Characters that some merge joins with a mark after them, of Gemma's only {@code >}: before all other marks a text can be cut, and what merges
     * make of one part does not depend on the others. Null if it cannot.
     */
    private final BitSet joined;

    private final WholeWords words;

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
     * @param table of the same
     */
    Bpe(String[] pieces, PieceTable table, Merges merges, Options options) {
        this.pieces = pieces;
        this.merges = merges;
        this.options = options;
        words = new WholeWords(table, pieces.length, this::staysWhole);
        Arrays.fill(bytes, -1);
        for (int id = 0; id < pieces.length; id++) {
            String piece = pieces[id];
            if (piece == null || piece.isEmpty()) {
                continue;
            }
            int first = piece.codePointAt(0);
            if (piece.length() == 1) {
                plane[first] = id + 1;
            } else if (piece.length() == Character.charCount(first)) {
                others.put(first, id);
            }
            int value = byteOf(piece);
            if (value >= 0) {
                bytes[value] = id;
            }
        }
        joined = joined();
    }

    private BitSet joined() {
        // A word is looked up as a whole where merges do not count; an unknown mark would be one token with what is
        // unknown before it; where characters
        // are left out, those beside them become neighbours.
        if (options.ignoreMerges() || id(MARK) < 0 || options.unknown() < 0) {
            return null;
        }
        var marked = new BitSet(pieces.length);
        for (int id = 0; id < pieces.length; id++) {
            marked.set(id, pieces[id] != null && !pieces[id].isEmpty() && pieces[id].charAt(0) == MARK);
        }
        var before = new BitSet();
        boolean[] any = {false};
        merges.forEach((left, right) -> {
            int last = marked.get(right) ? pieces[left].codePointBefore(pieces[left].length()) : MARK;
            if (last != MARK) {
                before.set(last);
                // Such a piece stands for another character than its last.
                any[0] |= left == options.unknown() || byteOf(pieces[left]) >= 0;
            }
        });
        return any[0] ? null : before;
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

    Merges merges() {
        return merges;
    }

    /** Words that merges make one piece of, or that are one whatever merges say. */
    WholeWords words() {
        return words;
    }

    @Override
    public boolean beginsWord(char[] text, int at) {
        return text[at] == MARK
                && joined != null
                && text[at - 1] != MARK
                && !joined.get(Character.codePointBefore(text, at));
    }

    /** Adds the tokens of a word, or of a text that is not cut into words. */
    @Override
    public void encode(char[] text, int from, int to, Tokens work, Symbols out) {
        int piece = words.find(text, from, to);
        if (piece >= 0) {
            out.add(piece, from, to);
        } else {
            merge(text, from, to, out);
        }
    }

    private void merge(char[] text, int from, int to, Symbols out) {
        int first = out.count;
        for (int at = from; at < to; ) {
            int c = Character.codePointAt(text, at, to);
            int end = at + Character.charCount(c);
            int id = id(c);
            if (id >= 0) {
                out.add(id, at, end);
            } else if (!addBytes(c, at, end, out) && options.unknown() >= 0) {
                unknown(first, at, end, out);
            }
            at = end;
        }
        out.merge(first, merges);
    }

    /** The id of a piece that is one character, or -1. */
    int id(int c) {
        return c < plane.length ? plane[c] - 1 : others.getOrDefault(c, -1);
    }

    private boolean staysWhole(int piece) {
        if (options.ignoreMerges()) {
            return true;
        }
        var symbols = new Symbols();
        merge(pieces[piece].toCharArray(), 0, pieces[piece].length(), symbols);
        return symbols.count == 1 && symbols.ids[0] == piece;
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
