package io.tokenwise.model;

/** The sizes of a text encoder. */
public interface TextArchitecture extends Architecture {
    /** Words of the embeddings. */
    int vocabularySize();

    /** No text can have more tokens. */
    int maxPositions();

    /**
     * The same with the first layers alone.
     *
     * @throws IllegalArgumentException if it has fewer, or none is left
     */
    TextArchitecture withLayers(int first);
}
