package io.tokenwise.model;

/** How the vectors of a text's tokens become one vector. */
public enum Pooling {
    /** The mean over all tokens, the special ones included. */
    MEAN,
    /** The first token's vector, {@code [CLS]}. */
    FIRST,
    /** The last token's vector, which of a causal model alone has seen all others. */
    LAST
}
