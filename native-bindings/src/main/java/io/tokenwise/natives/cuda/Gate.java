package io.tokenwise.natives.cuda;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** Lets calls in until it is closed; closing waits for those that are inside. It allocates nothing, since each launch passes it. */
final class Gate {
    private static final int CLOSED = Integer.MIN_VALUE;
    /** Short beside the milliseconds that a synchronisation may take. */
    private static final long NAP_NANOS = 20_000;

    private final AtomicInteger inside = new AtomicInteger();

    /** @throws IllegalStateException if it is closed; the message names {@code what} */
    void enter(Object what) {
        if (inside.incrementAndGet() < 0) {
            inside.decrementAndGet();
            throw new IllegalStateException(what + " has been closed");
        }
    }

    /** As {@link #enter}, for what calls nothing yet. */
    void requireOpen(Object what) {
        if (inside.get() < 0) {
            throw new IllegalStateException(what + " has been closed");
        }
    }

    void leave() {
        inside.decrementAndGet();
    }

    /** Returns whether this call closed it, with nobody inside any more. */
    boolean close() {
        int now;
        do {
            now = inside.get();
            if (now < 0) {
                return false;
            }
        } while (!inside.compareAndSet(now, now | CLOSED));
        // Those who come now are turned away at once, but count for a moment.
        while (inside.get() != CLOSED) {
            LockSupport.parkNanos(NAP_NANOS);
        }
        return true;
    }
}
