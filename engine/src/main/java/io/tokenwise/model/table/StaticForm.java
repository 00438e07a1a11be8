package io.tokenwise.model.table;

import io.tokenwise.model.TextArchitecture;
import io.tokenwise.tokenizer.Tokenizer;

/**
 * What a static model is, apart from its weights: a table of tokens' vectors, of which a text's is the mean. It has no layers, so budgets change nothing of it.
 *
 * @param hiddenSize width of a token's vector
 * @param vocabularySize tokens that have one
 * @param ofModel2vec whether texts are read as model2vec reads them: without unknown tokens, of long ones the begin
 */
record StaticForm(int hiddenSize, int vocabularySize, boolean ofModel2vec) implements TextArchitecture {
    /** Of a text as model2vec cuts it where nobody says (model2vec/model.py at c901407, encode: max_length). */
    private static final int MODEL2VEC_TOKENS = 512;

    /** sentence-transformers cuts none; of so many tokens vectors of 1,024 values take 134 MB, twice that as memory that grows. */
    private static final int MOST_TOKENS = 1 << 15;

    /** Tokens of a text that is not split. */
    int maxTokens() {
        return ofModel2vec ? MODEL2VEC_TOKENS : MOST_TOKENS;
    }

    /** What a text without known tokens is made of: a row of zeros behind all others. */
    int rows() {
        return vocabularySize + 1;
    }

    @Override
    public Tokenizer reading(Tokenizer tokenizer) {
        return tokenizer.bag(vocabularySize, ofModel2vec);
    }

    @Override
    public int maxPositions() {
        return MOST_TOKENS;
    }

    @Override
    public int layers() {
        return 0;
    }

    @Override
    public int heads() {
        return 0;
    }

    @Override
    public int intermediateSize() {
        return 0;
    }

    @Override
    public double layerNormEpsilon() {
        return 0;
    }

    @Override
    public long layerFlopsPerToken() {
        return 0;
    }

    /** Its vector; of texts of one token also their mean, and that at length 1. */
    @Override
    public long floatsPerToken() {
        return 3L * hiddenSize;
    }

    @Override
    public int types() {
        return 0;
    }

    @Override
    public StaticForm withLayers(int first) {
        throw new IllegalArgumentException("the first " + first + " layers of a model that has none");
    }
}
