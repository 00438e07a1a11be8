package io.tokenwise.tokenizer;

/**
 * Passes the tokens of a byte-level text on with places that leave out the spaces around a token, as models such as RoBERTa ask for
 * (trim_offsets of Hugging Face's library). The space of a word at the very begin stays where one might have been set there.
 */
final class TrimmedPlaces implements ByteLevel.Sink {
    /** How byte-level vocabularies write a space. */
    private static final char SPACE = '\u0120';

    private final String text;
    private final String[] pieces;
    private final boolean prefixSpace;
    private final ByteLevel.Sink to;
    private boolean any;

    /**
     * For one text.
     *
     * @param prefixSpace what the post_processor says of it
     */
    TrimmedPlaces(String text, String[] pieces, boolean prefixSpace, ByteLevel.Sink to) {
        this.text = text;
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
        int c = start < end ? text.codePointAt(start) : ' ';
        // A space that is not in the text counts as the character that has its place.
        boolean set = before > 0 && c != ' ';
        int skipped = first && prefixSpace && before == 1 ? 0 : set ? Character.charCount(c) : before;
        int from = Math.min(start + skipped, end);
        int until = after == 0 ? end : set && after == piece.length() ? start : end - after;
        to.token(id, from, Math.max(until, from));
    }

    @Override
    public boolean full() {
        return to.full();
    }
}
