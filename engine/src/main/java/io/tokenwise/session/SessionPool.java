package io.tokenwise.session;

import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import io.tokenwise.backend.Backend;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A fixed number of sessions, each with its own working memory, lent to one call at a time, whatever its model; further calls wait. Thread-safe. */
final class SessionPool implements AutoCloseable {
    /** Of so many calls, one waits behind those that wait already. */
    private static final int POLITE = 16;

    private final List<Session> all = new ArrayList<>();

    /** Guarded by itself. The last one back goes first: its memory is in the caches, and what few callers never need stays small. */
    private final ArrayDeque<Session> free;

    /**
     * One for each free session; those who wait get them in their order. Who comes just then may go first, because it takes a while until
     * they wake up (16 callers for 8 sessions, short texts: 5,300 calls a second, 3,200 in strict order), but not always, or some would
     * starve (longest call 0.7 seconds).
     */
    private final Semaphore turns;

    private final AtomicInteger calls = new AtomicInteger();

    /** Counts how often sessions were to give their memory back. Guarded by {@link #free}. */
    private int epoch;

    private volatile boolean refusing;
    private boolean closed;

    /** @param count calls that run at the same time */
    SessionPool(Backend backend, int count) {
        free = new ArrayDeque<>(count);
        turns = new Semaphore(count, true);
        for (int i = 0; i < count; i++) {
            all.add(new Session(backend));
        }
        free.addAll(all);
    }

    /**
     * Waits for a session.
     *
     * @throws IllegalStateException if closed, or if the thread is interrupted while it waits for its turn
     * @throws DeadlineException if the deadline passes first
     */
    Session borrow(Deadline deadline) {
        boolean polite = calls.incrementAndGet() % POLITE == 0 && turns.hasQueuedThreads();
        if (polite || !turns.tryAcquire()) {
            waitForTurn(deadline);
        }
        if (refusing) {
            turns.release();
            throw new IllegalStateException("the model is closed");
        }
        synchronized (free) {
            return free.pop();
        }
    }

    private void waitForTurn(Deadline deadline) {
        try {
            if (deadline == Deadline.NONE) {
                turns.acquire();
            } else if (!turns.tryAcquire(deadline.left().toNanos(), TimeUnit.NANOSECONDS)) {
                throw new DeadlineException(
                        "the deadline passed while waiting for one of " + all.size() + " calls to end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for a free session", e);
        }
    }

    void giveBack(Session session) {
        synchronized (free) {
            // Not when it is lent again, which the last of many sessions may never be.
            session.renew(epoch);
            free.push(session);
        }
        turns.release();
    }

    /** Calls that have no session yet, and later ones, throw {@link IllegalStateException}. */
    void refuse() {
        refusing = true;
    }

    /** Frees the memory of sessions that are not lent, and of the others when they come back: what needed it is over. */
    void forget() {
        synchronized (free) {
            epoch++;
            free.forEach(session -> session.renew(epoch));
        }
    }

    /** Sessions that are lent. */
    int lent() {
        return all.size() - turns.availablePermits();
    }

    /** Calls that wait, about. */
    int waiting() {
        return turns.getQueueLength();
    }

    /** Inputs that have run in all sessions. */
    long inputs() {
        return all.stream().mapToLong(Session::inputs).sum();
    }

    /** Tokens of these. */
    long tokens() {
        return all.stream().mapToLong(Session::tokens).sum();
    }

    /** Native memory that all sessions hold now, in bytes. */
    long bytes() {
        return all.stream().mapToLong(Session::bytes).sum();
    }

    /** Refuses calls and waits for running ones, then frees the sessions' memory. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        refuse();
        turns.acquireUninterruptibly(all.size());
        try {
            all.forEach(Session::close);
        } finally {
            // Wakes calls that wait for their turn; they find out that it is too late.
            turns.release(all.size());
        }
    }
}
