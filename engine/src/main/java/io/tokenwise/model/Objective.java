package io.tokenwise.model;

/** What a model is to do as its teacher does. */
public enum Objective {
    /** A vector for each input. */
    VECTORS,
    /** Logits of classes for each input, of its first token alone. */
    CLASSES,
    /** The text of a recording, each token after those before it. */
    NEXT_TOKENS,
    /** What each frame of a recording is. */
    FRAMES
}
