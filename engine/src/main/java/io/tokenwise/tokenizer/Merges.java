package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The pairs of pieces that byte pair encoding makes one of, in the order in which it does so. Read-only once they are in a {@link Bpe}:
 * then thread-safe.
 */
final class Merges {
    /** What {@link #find} says of a pair that is not merged: after all that are. */
    static final long NONE = Long.MAX_VALUE;

    private final String file;
    private final PieceTable pieces;

    /** By chance, so that no file can be made whose pairs all meet at one place. */
    private final long spread = ThreadLocalRandom.current().nextLong() | 1;

    /** Pairs and what becomes of them, in turns; a pair is stored plus one, so 0 is an empty place. */
    private long[] table = new long[2 << 10];

    private int size;
    private int added;

    /**
     * None yet.
     *
     * @param file the name of what they are read from, for messages
     */
    Merges(String file, PieceTable pieces) {
        this.file = file;
        this.pieces = pieces;
    }

    /**
     * The next merge. Of a pair that is there already the later counts, as in Hugging Face's library.
     *
     * @param both the chars of both pieces
     * @param middle where the second begins
     * @param end where it ends
     */
    void add(char[] both, int middle, int end) {
        // What grows with each merge cannot go round in a circle.
        if (middle == 0 || middle == end) {
            throw bad("joins an empty piece; both must have characters");
        }
        int left = id(both, 0, middle);
        int right = id(both, middle, end);
        int merged = id(both, 0, end);
        if (4 * (size + 1) > table.length) {
            grow();
        }
        put(pair(left, right), (long) added << 32 | merged);
        added++;
    }

    private int id(char[] both, int from, int to) {
        int id = pieces.find(both, from, to);
        if (id < 0) {
            throw bad("needs the piece '" + new String(both, from, to - from) + "', which model.vocab has not");
        }
        return id;
    }

    /** Refuses the next merge. */
    BadFileException bad(String fact) {
        return new BadFileException(file, "model.merges: number " + (added + 1) + " " + fact);
    }

    private void put(long pair, long value) {
        int slot = slot(pair);
        if (table[slot] == 0) {
            table[slot] = pair + 1;
            size++;
        }
        table[slot + 1] = value;
    }

    private void grow() {
        long[] old = table;
        table = new long[2 * old.length];
        for (int i = 0; i < old.length; i += 2) {
            if (old[i] != 0) {
                int slot = slot(old[i] - 1);
                table[slot] = old[i];
                table[slot + 1] = old[i + 1];
            }
        }
    }

    /** What becomes of two pieces: rank in the upper half, the id of both together in the lower; {@link #NONE} if nothing does. */
    long find(int left, int right) {
        int slot = slot(pair(left, right));
        return table[slot] == 0 ? NONE : table[slot + 1];
    }

    /** What is done with each pair that is merged. */
    interface Pairs {
        void pair(int left, int right);
    }

    void forEach(Pairs pairs) {
        for (int i = 0; i < table.length; i += 2) {
            if (table[i] != 0) {
                pairs.pair((int) ((table[i] - 1) >>> 32), (int) (table[i] - 1));
            }
        }
    }

    private static long pair(int left, int right) {
        return (long) left << 32 | right;
    }

    /** Where the pair is, or the empty place where it would be; half of the table is empty. */
    private int slot(long pair) {
        int mask = table.length - 2;
        // Its upper bits: in lower ones the upper bits of the left piece's id would not count.
        int slot = (int) ((pair * spread) >>> (33 + Integer.numberOfLeadingZeros(table.length))) & mask;
        while (table[slot] != 0 && table[slot] != pair + 1) {
            slot = (slot + 2) & mask;
        }
        return slot;
    }
}
