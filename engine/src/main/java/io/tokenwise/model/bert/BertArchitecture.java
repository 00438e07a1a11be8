package io.tokenwise.model.bert;

import io.tokenwise.model.TextArchitecture;

/**
 * The sizes of a BERT encoder: post-LayerNorm, absolute positions, erf-GELU.
 *
 * @param hiddenSize width of a token's vector
 * @param layers number of encoder layers
 * @param heads attention heads; divides the hidden size
 * @param intermediateSize hidden units of each MLP
 * @param vocabularySize rows of the word embedding
 * @param maxPositions rows of the position embedding: no text can have more tokens
 * @param typeVocabularySize rows of the token type embedding
 * @param layerNormEpsilon added to the variance in every LayerNorm
 */
public record BertArchitecture(
        int hiddenSize,
        int layers,
        int heads,
        int intermediateSize,
        int vocabularySize,
        int maxPositions,
        int typeVocabularySize,
        double layerNormEpsilon)
        implements TextArchitecture {
    @Override
    public int types() {
        return typeVocabularySize;
    }

    @Override
    public BertArchitecture withLayers(int first) {
        if (first < 1 || first > layers) {
            throw new IllegalArgumentException(
                    "the first " + first + " layers of " + layers + ": must be 1 to " + layers);
        }
        return new BertArchitecture(
                hiddenSize,
                first,
                heads,
                intermediateSize,
                vocabularySize,
                maxPositions,
                typeVocabularySize,
                layerNormEpsilon);
    }
}
