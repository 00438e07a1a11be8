package io.tokenwise.tokenizer;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/**
 * Byte pair encoding of texts whose spaces are marks. A text is cut into words first, wherever no piece goes on after the word's last character: what merges make of one then
 * does not depend on the others. A word that is one piece, as most are, is looked up as a whole. Thread-safe.
 */
final class MarkedBpe implements SentencePieces.Model {
    private final Bpe bpe;
    private final boolean cuts;

    /** Chars after which some piece has a mark: of Gemma's only {@code >}. */
    private final BitSet goesOn = new BitSet();

    /** Pieces, if texts are cut. */
    private final Map<String, Integer> words = new HashMap<>();

    private int longest;

    /**
     * Whether merging a piece's characters gives that piece: 0 if nobody asked yet, 1 if so, 2 if not. Threads may find it out at the same time:
     * they find the same.
     */
    private final byte[] whole;

    MarkedBpe(Bpe bpe) {
        this.bpe = bpe;
        whole = new byte[bpe.pieces().length];
        for (int id = 0; id < whole.length && !bpe.ignoresMerges(); id++) {
            String piece = bpe.pieces()[id];
            if (piece == null || piece.isEmpty()) {
                continue;
            }
            words.put(piece, id);
            longest = Math.max(longest, piece.length());
            for (int i = piece.indexOf(SentencePieces.MARK, 1); i > 0; i = piece.indexOf(SentencePieces.MARK, i + 1)) {
                goesOn.set(piece.charAt(i - 1));
            }
        }
        // An unknown mark would be one token with what is unknown before it.
        cuts = words.containsKey(String.valueOf(SentencePieces.MARK));
    }

    @Override
    public boolean beginsWord(char[] chars, int at) {
        return cuts
                && chars[at] == SentencePieces.MARK
                && chars[at - 1] != SentencePieces.MARK
                && !goesOn.get(chars[at - 1]);
    }

    @Override
    public void encode(String text, char[] chars, int from, int to, Tokens work, Symbols out) {
        if (cuts && to - from <= longest) {
            Integer id = words.get(text.substring(from, to));
            if (id != null && isWhole(id)) {
                out.add(id, from, to);
                return;
            }
        }
        bpe.characters(text, from, to, out);
    }

    private boolean isWhole(int id) {
        if (whole[id] == 0) {
            var symbols = new Symbols();
            String piece = bpe.pieces()[id];
            bpe.characters(piece, 0, piece.length(), symbols);
            whole[id] = (byte) (symbols.count == 1 && symbols.ids[0] == id ? 1 : 2);
        }
        return whole[id] == 1;
    }
}
