package io.tokenwise.tokenizer;

import java.util.ArrayList;
import java.util.List;

/** Where the pieces of a cleaned text are in the text itself, stretch by stretch. */
final class WordPlaces {
    private final List<Tokenizer.Place> places = new ArrayList<>();

    /** Of each char of the cleaned stretch, the characters that it comes from. */
    private int[] starts = new int[0];

    private int[] ends = new int[0];

    /** Cleans a part of a text. */
    @FunctionalInterface
    interface Cleaning {
        String clean(String text, int from, int to);
    }

    /** The next stretch of a text, cleaned as a whole. */
    void begin(String clean, String text, int from, int to, Cleaning cleaning) {
        starts = new int[clean.length()];
        ends = new int[clean.length()];
        int filled = 0;
        for (int at = from; at < to; ) {
            int next = at + Character.charCount(text.codePointAt(at));
            String part = cleaning.clean(text, at, next);
            if (!clean.startsWith(part, filled)) {
                // Combining characters changed places: the whole stretch is all that is known.
                filled = 0;
                break;
            }
            fill(filled, filled + part.length(), at, next);
            filled += part.length();
            at = next;
        }
        if (filled < clean.length()) {
            fill(0, clean.length(), from, to);
        }
    }

    private void fill(int from, int to, int start, int end) {
        for (int i = from; i < to; i++) {
            starts[i] = start;
            ends[i] = end;
        }
    }

    /** A piece of the cleaned stretch. */
    void add(int id, int from, int to) {
        places.add(new Tokenizer.Place(id, starts[from], ends[to - 1]));
    }

    /** A piece of the text as it is. */
    void addAsIs(int id, int from, int to) {
        places.add(new Tokenizer.Place(id, from, to));
    }

    /** Takes pieces back until there are so many. */
    void cut(int size) {
        places.subList(size, places.size()).clear();
    }

    List<Tokenizer.Place> all() {
        return places;
    }
}
