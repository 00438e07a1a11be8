package io.tokenwise.fuzz.differ;

/** A program is not here. Its message says which, and how to install it. */
final class MissingPeerException extends RuntimeException {
    private static final long serialVersionUID = 1;

    MissingPeerException(String message) {
        super(message);
    }
}
