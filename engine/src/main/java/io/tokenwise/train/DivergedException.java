package io.tokenwise.train;

/** Training gave numbers that are none; the message says at which step, and what is left. */
public final class DivergedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public DivergedException(String message, Throwable cause) {
        super(message, cause);
    }
}
