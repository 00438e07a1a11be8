package io.tokenwise.tokenizer;

import java.util.function.IntPredicate;

/**
 * Words that are one piece, as most are, and that the model cuts into just that piece: these are looked up in place of being cut. What the model
 * makes of a piece is found out when it is first met; threads may do so at the same time: they find the same.
 */
final class WholeWords {
    private static final byte YES = 1;
    private static final byte NO = 2;

    private final PieceTable pieces;
    private final IntPredicate staysWhole;

    /** Of each piece {@link #YES} or {@link #NO}, or 0 if nobody asked yet. */
    private final byte[] known;

    /**
     * Of a model's pieces.
     *
     * @param count how many ids there are
     * @param staysWhole whether the model cuts the chars of a piece into just that
     */
    WholeWords(PieceTable pieces, int count, IntPredicate staysWhole) {
        this.pieces = pieces;
        this.staysWhole = staysWhole;
        known = new byte[count];
    }

    /** The id of a word that is such a piece; {@link PieceTable#NONE} of others. */
    int find(char[] text, int from, int to) {
        int id = pieces.find(text, from, to);
        if (id >= 0 && known[id] == 0) {
            known[id] = staysWhole.test(id) ? YES : NO;
        }
        return id >= 0 && known[id] == YES ? id : PieceTable.NONE;
    }
}
