package io.tokenwise.cost;

/** A kind of work of a forward, of which a table has the time. */
public enum Piece {
    /** Word, position and type embeddings summed and normalised, once a text. */
    EMBEDDINGS,
    /** A layer's queries, keys and values, and its attention's output with the residual. */
    PROJECTIONS,
    /** A layer's scores, softmax and weighted sums. */
    ATTENTION,
    /** A layer's two norms. */
    NORMS,
    /** A layer's MLP with residual, a quarter of its units in one piece. */
    MLP_QUARTER,
    /** Half of them. */
    MLP_HALF,
    /** All of them. */
    MLP,
    /** The mean over a text's tokens, brought to length 1, once a text. */
    POOLING
}
