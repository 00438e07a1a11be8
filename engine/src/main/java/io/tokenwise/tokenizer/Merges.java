package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import java.util.Map;

/**
 * The pairs of pieces that byte pair encoding makes one of, in the order in which it does so. Read-only once they are in a {@link Bpe}:
 * then thread-safe.
 */
final class Merges {
    /** What {@link #find} says of a pair that is not merged: after all that are. */
    static final long NONE = Long.MAX_VALUE;

    private final String file;
    private final Map<String, Integer> ids;

    /** Pairs and what becomes of them, in turns; a pair is stored plus one, so 0 is an empty place. */
    private long[] table = new long[2 << 10];

    private int size;
    private int added;

    /**
     * None yet.
     *
     * @param file the name of what they are read from, for messages
     * @param ids of all pieces
     */
    Merges(String file, Map<String, Integer> ids) {
        this.file = file;
        this.ids = ids;
    }

    /** The next merge, as older files write it: both parts with a space between them. */
    void add(String both) {
        int space = both.indexOf(' ');
        if (space < 0 || space != both.lastIndexOf(' ')) {
            throw bad("is '" + both + "'; must be two pieces with a space between them");
        }
        add(both.substring(0, space), both.substring(space + 1));
    }

    /** The next merge. Of a pair that is there already the later counts, as in Hugging Face's library. */
    void add(String left, String right) {
        // What grows with each merge cannot go round in a circle.
        if (left.isEmpty() || right.isEmpty()) {
            throw bad("joins an empty piece; both must have characters");
        }
        int leftId = id(left);
        int rightId = id(right);
        int merged = id(left + right);
        if (4 * (size + 1) > table.length) {
            grow();
        }
        put(pair(leftId, rightId), (long) added << 32 | merged);
        added++;
    }

    private int id(String piece) {
        Integer id = ids.get(piece);
        if (id == null) {
            throw bad("needs the piece '" + piece + "', which model.vocab has not");
        }
        return id;
    }

    private BadFileException bad(String fact) {
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

    /** The ids of all pieces. */
    Map<String, Integer> ids() {
        return ids;
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
        int slot = (int) ((pair * 0x9E3779B97F4A7C15L) >>> 32) & mask;
        while (table[slot] != 0 && table[slot] != pair + 1) {
            slot = (slot + 2) & mask;
        }
        return slot;
    }
}
