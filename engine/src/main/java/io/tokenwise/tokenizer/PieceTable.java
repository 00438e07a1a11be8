package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;

/** Pieces and their ids, found by their chars without a string being made: the chars of all one after another, and a table of hashes. Immutable. */
final class PieceTable {
    static final int NONE = -1;

    /** By chance, so that no file can be made whose pieces all meet at one place. */
    private final int seed = ThreadLocalRandom.current().nextInt();

    private final char[] chars;

    /** Where the chars of each piece begin, and after the last where they end. */
    private final int[] begins;

    /** {@code hash << 32 | id + 1}; at most half of them are used. */
    private final long[] slots;

    private final int shift;
    private final int longest;

    /**
     * Of the pieces of a file.
     *
     * @param pieces by id; null where an id has none
     * @throws BadFileException if two are the same
     */
    PieceTable(String file, String[] pieces) {
        begins = new int[pieces.length + 1];
        int most = 0;
        for (int id = 0; id < pieces.length; id++) {
            int length = pieces[id] == null ? 0 : pieces[id].length();
            most = Math.max(most, length);
            begins[id + 1] = begins[id] + length;
        }
        longest = most;
        chars = new char[begins[pieces.length]];
        int bits = 33 - Integer.numberOfLeadingZeros(pieces.length);
        slots = new long[1 << bits];
        shift = 32 - bits;
        for (int id = 0; id < pieces.length; id++) {
            if (pieces[id] != null) {
                pieces[id].getChars(0, pieces[id].length(), chars, begins[id]);
                enter(file, id);
            }
        }
    }

    private void enter(String file, int id) {
        int hash = hash(chars, begins[id], begins[id + 1]);
        int slot = slot(chars, begins[id], begins[id + 1], hash);
        if (slots[slot] != 0) {
            throw new BadFileException(
                    file, "model.vocab: pieces " + ((int) slots[slot] - 1) + " and " + id + " are the same");
        }
        slots[slot] = (long) hash << 32 | id + 1;
    }

    /** The id of the piece that has these chars, or {@link #NONE}. */
    int find(char[] text, int from, int to) {
        return to - from > longest ? NONE : (int) slots[slot(text, from, to, hash(text, from, to))] - 1;
    }

    int find(String piece) {
        return find(piece.toCharArray(), 0, piece.length());
    }

    private int hash(char[] text, int from, int to) {
        int hash = seed;
        for (int i = from; i < to; i++) {
            hash = (hash ^ text[i]) * 0x01000193;
        }
        return (hash ^ hash >>> 15) * 0x9E3779B9;
    }

    /** Where the piece is, or the empty place where it would be. */
    private int slot(char[] text, int from, int to, int hash) {
        for (int slot = hash >>> shift; ; slot = slot + 1 & slots.length - 1) {
            long found = slots[slot];
            if (found == 0 || (int) (found >>> 32) == hash && is((int) found - 1, text, from, to)) {
                return slot;
            }
        }
    }

    private boolean is(int id, char[] text, int from, int to) {
        return Arrays.equals(chars, begins[id], begins[id + 1], text, from, to);
    }
}
