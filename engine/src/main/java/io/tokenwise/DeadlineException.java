package io.tokenwise;

import java.io.Serial;

/** The deadline passed before all was computed; nothing is computed after it. */
public final class DeadlineException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    public DeadlineException(String message) {
        super(message);
    }
}
