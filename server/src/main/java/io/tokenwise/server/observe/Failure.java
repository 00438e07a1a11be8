package io.tokenwise.server.observe;

import java.util.Locale;

/** Why a request got no answer, by text-embeddings-inference's names for its {@code te_request_failure}. */
public enum Failure {
    /** A field of the request is wrong, absent or empty. */
    VALIDATION,
    /** A text is too long and may not be cut, or an id is not in the vocabulary. */
    TOKENIZATION,
    /** More inputs than a request may have. */
    BATCH_SIZE,
    /** The model cannot do what is asked. */
    MODEL_TYPE,
    /** Not admitted, or not done by its deadline. */
    OVERLOADED,
    /** The client went away. */
    DROPPED,
    /** The server's own fault. */
    INFERENCE;

    /** As metrics and spans have it. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
