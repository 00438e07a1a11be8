package io.tokenwise.tokenizer;

/** A step that changes a text before it is cut. */
@FunctionalInterface
interface Normalizer {
    void normalize(Normalized text);
}
