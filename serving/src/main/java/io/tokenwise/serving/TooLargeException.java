package io.tokenwise.serving;

import java.io.Serial;

/** Requests that a queue has no room for even if nothing waits: to come back later does not help. The message says how large they are together, and how large they may be. */
public final class TooLargeException extends IllegalArgumentException {
    @Serial
    private static final long serialVersionUID = 1;

    /**
     * Says what does not fit.
     *
     * @param message with both numbers
     */
    TooLargeException(String message) {
        super(message);
    }
}
