package io.tokenwise;

import io.tokenwise.natives.FreedMemory;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/** What may be used by many threads at once until it is closed; close waits for those that use it. Thread-safe. */
final class OpenUntilClosed {
    private final String owner;
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private boolean closed;

    /** @param owner what messages call what is closed */
    OpenUntilClosed(String owner) {
        this.owner = owner;
    }

    /** @throws IllegalStateException if it is closed */
    <T> T use(Supplier<T> work) {
        lock.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("the " + owner + " is closed");
            }
            return work.get();
        } finally {
            lock.readLock().unlock();
        }
    }

    /**
     * Frees what it holds once nobody uses it any more, and gives the memory back to the system; closing twice does nothing.
     *
     * @param refuse called at once: makes uses fail that wait for something, so that they are not waited for
     */
    void close(Runnable refuse, Runnable free) {
        refuse.run();
        lock.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                free.run();
                // Nobody has to wait for it, least of all a process that ends now.
                Thread.ofPlatform().daemon().name("tokenwise-close").start(FreedMemory::giveBack);
            }
        } finally {
            lock.writeLock().unlock();
        }
    }
}
