package io.tokenwise.model;

/** What a model is to do as its teacher does. */
public enum Objective {
    /** A vector for each input. */
    VECTORS,
    /** Logits of classes for each input, one of which it is of. */
    CLASSES,
    /** Numbers for each input that count as they are: a score, or logits of classes of which it may be of several. */
    SCORES,
    /** Logits of classes for each token. */
    TOKEN_CLASSES,
    /** The text of a recording, each token after those before it. */
    NEXT_TOKENS,
    /** What each frame of a recording is. */
    FRAMES,
    /** Nothing yet: vectors of tokens, weights of words. */
    NONE
}
