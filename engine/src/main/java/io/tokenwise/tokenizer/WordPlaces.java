package io.tokenwise.tokenizer;

/** Where the chars of a cleaned stretch of a text are in the text itself. */
final class WordPlaces {
    /** Of each char of the cleaned stretch, the characters that it comes from. */
    private final int[] starts;

    private final int[] ends;

    /** Cleans a part of a text. */
    @FunctionalInterface
    interface Cleaning {
        String clean(String text, int from, int to);
    }

    /** Of a stretch that was cleaned as a whole. */
    WordPlaces(String clean, String text, int from, int to, Cleaning cleaning) {
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

    /** Where a piece that begins at a char of the stretch begins in the text. */
    int start(int at) {
        return starts[at];
    }

    /** Where one ends that ends before a char. */
    int end(int at) {
        return ends[at - 1];
    }
}
