package io.tokenwise.tokenizer;

/**
 * A word of many symbols, which is merged in parts, as a heap of all its pairs takes longer the longer it is. Pieces of two parts are those of both together
 * if the last of one and the first of the other, by themselves, are merged into just these two: each step looks at neighbours alone, so up to the first that
 * joins the parts all went as in each by itself. Where it is not so, the later part begins further back.
 */
final class LongWord {
    /** Symbols of a part: its heap fits into the nearest cache. */
    private static final int PART = 1024;

    /** Symbols of the longest that is merged at once. */
    static final int MOST = 4 * PART;

    /** So many pieces before the end of a part are merged again, with what comes after them. */
    private static final int BACK = 8;

    private final Merges merges;
    private final int[] symbols;
    private final int[] pieces;

    /** At which symbol each piece begins. */
    private final int[] begins;

    private int count;
    private final Symbols part = new Symbols();
    private final Symbols two = new Symbols();

    LongWord(Symbols word, int first, Merges merges) {
        this.merges = merges;
        symbols = new int[word.count - first];
        System.arraycopy(word.ids, first, symbols, 0, symbols.length);
        pieces = new int[symbols.length];
        begins = new int[symbols.length];
    }

    /** Merges the word from {@code first} on; false, with the word as it was, if parts of it hang together for too long. */
    boolean merge(Symbols word, int first) {
        for (int read = 0; read < symbols.length; ) {
            int end = Math.min(symbols.length, read + PART);
            int kept = mergePart(end);
            if (kept < 0) {
                return false;
            }
            System.arraycopy(part.ids, 0, pieces, kept, part.count);
            System.arraycopy(part.starts, 0, begins, kept, part.count);
            count = kept + part.count;
            read = end;
        }
        for (int i = 0; i < count; i++) {
            int last = i + 1 < count ? begins[i + 1] - 1 : symbols.length - 1;
            word.ids[first + i] = pieces[i];
            word.starts[first + i] = word.starts[first + begins[i]];
            word.ends[first + i] = word.ends[first + last];
        }
        word.count = first + count;
        return true;
    }

    /** Merges what is not merged for good up to a symbol; how many pieces before it stay, or -1. */
    private int mergePart(int end) {
        for (int back = BACK; ; back *= 4) {
            int kept = Math.max(0, count - back);
            int from = count == 0 ? 0 : begins[kept];
            if (end - from > MOST) {
                return -1;
            }
            merge(from, end, part);
            if (kept == 0 || staysBeside(kept - 1)) {
                return kept;
            }
        }
    }

    /** Whether a piece and the first of the part behind it stay as they are beside each other. */
    private boolean staysBeside(int piece) {
        if (part.ends[0] - begins[piece] > MOST) {
            return false;
        }
        merge(begins[piece], part.ends[0], two);
        return two.count == 2 && two.starts[1] == part.starts[0];
    }

    /** Merges symbols; places of the pieces are numbers of symbols. */
    private void merge(int from, int to, Symbols into) {
        into.count = 0;
        for (int i = from; i < to; i++) {
            into.add(symbols[i], i, i + 1);
        }
        into.merge(0, merges);
    }
}
