package io.tokenwise.tokenizer;

/**
 * Whole words: each is a token or unknown, as model2vec has it of lists of words, such as GloVe's. Thread-safe.
 *
 * @param unknown the id of all other words
 */
record WordLevel(PieceTable words, int unknown) implements Pieces {
    @Override
    public void encode(String text, int from, int to, Tokens out) {
        char[] chars = out.chars(to - from);
        text.getChars(from, to, chars, 0);
        int id = words.find(chars, 0, to - from);
        out.token(id == PieceTable.NONE ? unknown : id, from, to);
    }
}
