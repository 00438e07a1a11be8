package io.tokenwise.model;

import io.tokenwise.tokenizer.Tokenizer;

/** The sizes of a text encoder. */
public interface TextArchitecture extends Architecture {
    /** Words of the embeddings. */
    int vocabularySize();

    /** Types of tokens that it tells apart, as of a pair's two texts; 0 or 1 if none. */
    int types();

    /** No text can have more tokens. */
    int maxPositions();

    /**
     * The same with the first layers alone.
     *
     * @throws IllegalArgumentException if it has fewer, or none is left
     */
    TextArchitecture withLayers(int first);

    /** How it reads texts by a tokenizer of its files: as that says, but for models that leave something out. */
    default Tokenizer reading(Tokenizer tokenizer) {
        return tokenizer;
    }
}
