package io.tokenwise.tokenizer;

/**
 * Passes the tokens of a byte-level text on with places that leave out the spaces around a token, as models such as RoBERTa ask for
 * (trim_offsets of Hugging Face's library). The space of a word at the very begin stays where one might have been set there.
 */
final class TrimmedPlaces implements ByteLevel.Sink {
    /** How byte-level vocabularies write a space. */
    private static final char SPACE = '\u0120';

    private final String[] pieces;
    private final boolean prefixSpace;
    private final ByteLevel.Sink to;
    private boolean any;

    /**
     * For one text.
     *
     * @param prefixSpace what the post_processor says of it
     */
    TrimmedPlaces(String[] pieces, boolean prefixSpace, ByteLevel.Sink to) {
        this.pieces = pieces;
        this.prefixSpace = prefixSpace;
        this.to = to;
    }

    @Override
    public void token(int id, int start, int end) {
        String piece = pieces[id];
        int before = 0;
        while (before < piece.length() && piece.charAt(before) == SPACE) {
            before++;
        }
        int after = 0;
        while (after < piece.length() && piece.charAt(piece.length() - 1 - after) == SPACE) {
            after++;
        }
        boolean first = !any || start == 0;
        any = true;
        int from = first && prefixSpace && before == 1 ? start : Math.min(start + before, end);
        to.token(id, from, end >= after ? Math.max(end - after, from) : end);
    }

    @Override
    public boolean full() {
        return to.full();
    }
}
