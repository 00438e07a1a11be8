package io.tokenwise.bench.soak;

import java.util.concurrent.atomic.AtomicInteger;

/** What is done to a caller from outside: known before it can be felt, so that nothing else is excused by it. Thread-safe. */
final class Faults {
    private final boolean hurries;
    private final AtomicInteger interrupts = new AtomicInteger();
    private volatile boolean closing;

    /** @param hurries whether some calls have a deadline */
    Faults(boolean hurries) {
        this.hurries = hurries;
    }

    boolean hurries() {
        return hurries;
    }

    /** Interrupts the caller. */
    void interrupt(Thread caller) {
        interrupts.incrementAndGet();
        caller.interrupt();
    }

    /** One that has come: false if none was sent that has not come before. */
    boolean takeInterrupt() {
        return interrupts.getAndUpdate(sent -> Math.max(0, sent - 1)) > 0;
    }

    /** From now on what is called may be closed. */
    void close() {
        closing = true;
    }

    boolean isClosing() {
        return closing;
    }
}
