package io.tokenwise.tokenizer;

/**
 * Cuts a text at white space, which goes, or around punctuation, before its pieces are found: what other pre-tokenizers may come behind. Thread-safe.
 *
 * @param kind what is told apart
 * @param pieces what cuts the stretches
 */
record Stretches(Kind kind, Pieces pieces) implements Pieces {
    private static final int GONE = 0;
    private static final int WORD = 1;
    private static final int OTHER = 2;

    /** No stretch goes on behind it. */
    private static final int ALONE = 3;

    /** The library's pre-tokenizers of this sort. */
    enum Kind {
        /** WhitespaceSplit: what is between white space stays whole. */
        WHITE,
        /** Whitespace: words, and what is neither word nor white space, are apart ({@code \w+|[^\w\s]+}). */
        WORDS,
        /** Punctuation: each character of it is by itself, and white space stays. */
        PUNCTUATION;

        boolean takesWhite() {
            return this != PUNCTUATION;
        }

        /** Characters in a row with the same are one stretch. */
        private int of(int c) {
            if (this == PUNCTUATION) {
                return BertCharacters.isPunctuation(c) ? ALONE : OTHER;
            }
            return White.is(c) ? GONE : this == WORDS && Letters.inWord(c) ? WORD : OTHER;
        }
    }

    @Override
    public void encode(String text, int from, int to, Tokens out) {
        for (int start = from; start < to && !out.full(); ) {
            int of = kind.of(text.codePointAt(start));
            int end = start;
            do {
                end += Character.charCount(text.codePointAt(end));
            } while (end < to && of != ALONE && kind.of(text.codePointAt(end)) == of);
            if (of != GONE) {
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
