package io.tokenwise.api;

import java.time.Duration;

/**
 * Until when a result is wanted, by {@link System#nanoTime}. It is looked at while a call waits for its turn and before each batch; a batch that runs is finished, and after the last one there is a
 * result, though late. A call of a virtual thread, and a future, fails as soon as it passes. Immutable.
 */
public final class Deadline {
    /** No deadline. */
    public static final Deadline NONE = new Deadline(0);

    /** More than anyone waits, and far from where the clock's difference overflows. */
    private static final long MOST_NANOS = Long.MAX_VALUE / 4;

    private final long atNanos;

    private Deadline(long atNanos) {
        this.atNanos = atNanos;
    }

    /**
     * {@return a deadline so long from now}
     *
     * @param duration passed at once if it is zero or negative
     */
    public static Deadline in(Duration duration) {
        Duration most = Duration.ofNanos(MOST_NANOS);
        Duration least = most.negated();
        Duration within = duration.compareTo(most) > 0 ? most : duration.compareTo(least) < 0 ? least : duration;
        return new Deadline(System.nanoTime() + within.toNanos());
    }

    /** {@return whether it is over} */
    public boolean hasPassed() {
        return this != NONE && leftNanos() <= 0;
    }

    /** {@return what is left until then; zero if it has passed, decades if there is none} */
    public Duration left() {
        return Duration.ofNanos(Math.max(0, leftNanos()));
    }

    private long leftNanos() {
        return this == NONE ? MOST_NANOS : atNanos - System.nanoTime();
    }

    @Override
    public String toString() {
        return this == NONE ? "no deadline" : "in " + left();
    }
}
