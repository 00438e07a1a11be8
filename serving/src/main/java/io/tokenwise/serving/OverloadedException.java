package io.tokenwise.serving;

import java.io.Serial;
import java.time.Duration;

/** A request that was not accepted: it would not be answered in time even at its least budget, or too many wait. */
public final class OverloadedException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    /** When there may be room again. */
    private final Duration retryAfter;

    /**
     * Says when to come back.
     *
     * @param retryAfter when there may be room again
     */
    public OverloadedException(Duration retryAfter) {
        super("too much is waiting; try again in " + retryAfter.toMillis() + " ms");
        this.retryAfter = retryAfter;
    }

    /** {@return when there may be room again: what waits now will then have been computed, as predicted} */
    public Duration retryAfter() {
        return retryAfter;
    }
}
