package io.tokenwise.server;

import java.time.Duration;

/** When an answer is no longer wanted. */
final class Deadline {
    static final Deadline NONE = new Deadline(Long.MAX_VALUE, false);

    private final long nanoTime;
    private final boolean is;

    private Deadline(long nanoTime, boolean is) {
        this.nanoTime = nanoTime;
        this.is = is;
    }

    static Deadline in(Duration duration) {
        return new Deadline(System.nanoTime() + duration.toNanos(), true);
    }

    boolean hasPassed() {
        return is && System.nanoTime() - nanoTime >= 0;
    }
}
