package io.tokenwise.tokenizer;

/**
 * Cuts a text at white space, which goes, before its pieces are found: what other pre-tokenizers may come behind. Thread-safe.
 *
 * @param kind what is told apart besides
 * @param pieces what cuts the stretches
 */
record Stretches(Kind kind, Pieces pieces) implements Pieces {
    /** The library's two pre-tokenizers of this sort. */
    enum Kind {
        /** WhitespaceSplit: what is between white space stays whole. */
        WHITE,
        /** Whitespace: words, and what is neither word nor white space, are apart ({@code \w+|[^\w\s]+}). */
        WORDS;

        /** Characters in a row with the same are one stretch; 0 is white space. */
        private int of(int c) {
            return White.is(c) ? 0 : this == WORDS && Letters.inWord(c) ? 1 : 2;
        }
    }

    @Override
    public void encode(String text, int from, int to, Tokens out) {
        for (int start = from; start < to && !out.full(); ) {
            int of = kind.of(text.codePointAt(start));
            int end = start;
            do {
                end += Character.charCount(text.codePointAt(end));
            } while (end < to && kind.of(text.codePointAt(end)) == of);
            if (of != 0) {
                pieces.encode(text, start, end, out);
            }
            start = end;
        }
    }

    @Override
    public boolean asksForPlaces() {
        return pieces.asksForPlaces();
    }
}
