package io.tokenwise.api;

/** The {@link Deadline} of a call passed before all was computed; nothing is computed for it after that. The message says how far it came, where that is known. */
public final class DeadlineException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /**
     * Says how far a call came.
     *
     * @param message one line
     */
    public DeadlineException(String message) {
        super(message);
    }
}
