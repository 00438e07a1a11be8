package io.tokenwise.tokenizer;

/** Cuts normalized text between added tokens into tokens. Thread-safe. */
@FunctionalInterface
interface Pieces {
    /** Gives the tokens of a part of a text, until no more are wanted. */
    void encode(String text, int from, int to, Tokens out);

    /** Whether {@link Tokens#origin} is asked for. */
    default boolean asksForPlaces() {
        return false;
    }

    /** Whether it normalizes texts itself: then normalizers are there to find added tokens only. */
    default boolean normalizes() {
        return false;
    }
}
