package io.tokenwise;

import java.time.Duration;
import java.util.Objects;

/** When a call is no longer worth computing. By {@link System#nanoTime}, so that setting the clock changes nothing. Immutable. */
public final class Deadline {
    /** Never passes. */
    public static final Deadline NONE = new Deadline(0, Long.MAX_VALUE);

    private final long startNanos;
    private final long nanos;

    private Deadline(long startNanos, long nanos) {
        this.startNanos = startNanos;
        this.nanos = nanos;
    }

    /** So long from now; zero or less has passed. Of more than 290 years {@link #NONE}. */
    public static Deadline in(Duration duration) {
        Objects.requireNonNull(duration, "duration");
        try {
            return new Deadline(System.nanoTime(), duration.toNanos());
        } catch (ArithmeticException e) {
            return duration.isNegative() ? new Deadline(System.nanoTime(), 0) : NONE;
        }
    }

    public boolean hasPassed() {
        return this != NONE && leftNanos() <= 0;
    }

    /** The time left, negative if it has passed; of {@link #NONE} 290 years. */
    public Duration left() {
        return Duration.ofNanos(leftNanos());
    }

    private long leftNanos() {
        return this == NONE ? nanos : nanos - (System.nanoTime() - startNanos);
    }

    @Override
    public String toString() {
        return this == NONE ? "no deadline" : "deadline in " + left();
    }
}
