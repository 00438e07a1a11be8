package io.tokenwise.server;

import java.time.Duration;

/** How many requests are being answered, and whether the server is stopping. Thread-safe. */
final class ServerState {
    private boolean draining;
    private int running;

    synchronized boolean isDraining() {
        return draining;
    }

    /** Requests that are being answered. */
    synchronized int running() {
        return running;
    }

    synchronized void began() {
        running++;
    }

    synchronized void ended() {
        running--;
        notifyAll();
    }

    synchronized void drain() {
        draining = true;
    }

    /** Waits until no request is being answered, or the time is over. */
    synchronized void awaitIdle(Duration most) throws InterruptedException {
        long end = System.nanoTime() + most.toNanos();
        for (long left = most.toMillis(); running > 0 && left > 0; left = (end - System.nanoTime()) / 1_000_000) {
            wait(left);
        }
    }
}
