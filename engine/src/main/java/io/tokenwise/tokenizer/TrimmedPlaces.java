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

    /** Of a token that was found as it stands the white space counts that it takes, as normalizers left it. */
    void asItStands(int id, String found, int start, int end) {
        int before = before(found);
        int skipped = isFirst(start) && prefixSpace && before == 1 ? 0 : before;
        int from = Math.min(start + skipped, end);
        to.token(id, from, Math.max(end - after(found), from));
    }

    private static int before(String token) {
        int before = 0;
        while (before < token.length() && isSpace(token.charAt(before))) {
            before++;
        }
        return before;
    }

    private static int after(String token) {
        int after = 0;
        while (after < token.length() && isSpace(token.charAt(token.length() - 1 - after))) {
            after++;
        }
        return after;
    }

    /** Pieces have no white space but this, since they are bytes. */
    private static boolean isSpace(char c) {
        return c == SPACE || White.is(c);
    }

    private boolean isFirst(int start) {
        boolean first = !any || start == 0;
        any = true;
        return first;
    }

    @Override
    public void token(int id, int start, int end) {
        String piece = pieces[id];
        int before = before(piece);
        int after = after(piece);
        boolean first = isFirst(start);
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
