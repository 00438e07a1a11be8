package io.tokenwise.tokenizer;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * Byte pair encoding (Sennrich et al. 2016): a word begins as its characters or bytes, and as long as two neighbours are in the list of
 * merges, those become one that stand first in it. Gives the ids that Hugging Face's tokenizers library gives. Thread-safe.
 */
final class Bpe {
    /** How SentencePiece writes a space. */
    private static final char MARK = '\u2581';

    /** No piece that is worth looking up is longer, in chars. */
    private static final int LONGEST = 128;

    private final String[] pieces;
    private final Merges merges;
    private final Options options;

    /** Ids plus one of pieces that are one character, of those of one char and of others. */
    private final int[] plane = new int[0x10000];

    private final Map<Integer, Integer> others = new HashMap<>();

    /** Characters that some merge joins with a mark after them; null if it may be any. */
    private final BitSet joined;

    /**
     * Whether merging a piece's characters gives that piece: 0 if nobody asked yet, 1 if so, 2 if not. Threads may find it out at the same
     * time: they find the same.
     */
    private final byte[] whole;

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
        this.whole = new byte[pieces.length];
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
        var before = new BitSet();
        // Where characters are left out, those beside them become neighbours.
        boolean[] any = {options.unknown() < 0};
        merges.forEach((left, right) -> {
            int last = pieces[left].codePointBefore(pieces[left].length());
            if (pieces[right].charAt(0) == MARK && last != MARK) {
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
            Integer id = merges.ids().get(text.substring(from, to));
            if (id != null) {
                out.add(id, from, to);
                return;
            }
        }
        int first = out.count;
        for (int at = from; at < to; ) {
            int end = end(text, at, to);
            word(text, at, end, first, out);
            at = end;
        }
    }

    /** Where a part ends that no merge joins with what comes after it: before a mark, mostly. */
    private int end(String text, int from, int to) {
        int at = from + 1;
        while (joined != null && at < to) {
            if (text.charAt(at) == MARK && text.charAt(at - 1) != MARK && !joined.get(text.codePointBefore(at))) {
                return at;
            }
            at++;
        }
        return to;
    }

    private void word(String text, int from, int to, int first, Symbols out) {
        Integer piece = to - from > LONGEST ? null : merges.ids().get(text.substring(from, to));
        if (piece != null && isWhole(piece)) {
            out.add(piece, from, to);
            return;
        }
        int before = out.count;
        for (int at = from; at < to; ) {
            int c = text.codePointAt(at);
            int end = at + Character.charCount(c);
            int id = id(c);
            if (id >= 0) {
                out.add(id, at, end);
            } else if (!addBytes(c, at, end, out) && options.unknown() >= 0) {
                unknown(first, at, end, out);
            }
            at = end;
        }
        out.merge(before, merges);
    }

    private int id(int c) {
        return c < plane.length ? plane[c] - 1 : others.getOrDefault(c, -1);
    }

    private boolean isWhole(int piece) {
        if (whole[piece] == 0) {
            var symbols = new Symbols();
            boolean known = pieces[piece].codePoints().allMatch(c -> id(c) >= 0);
            pieces[piece].codePoints().forEach(c -> symbols.add(id(c), 0, 0));
            symbols.merge(0, merges);
            whole[piece] = (byte) (known && symbols.count == 1 && symbols.ids[0] == piece ? 1 : 2);
        }
        return whole[piece] == 1;
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
