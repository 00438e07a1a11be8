package io.tokenwise.backend.onednn;

import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Native buffers that tasks borrow one after the other. A task that finds none makes some; what finds no place when it is given back is
 * freed. Thread-safe; allocates nothing once warm.
 */
final class BufferPool<T extends BufferPool.Buffers> {
    /** Owns native memory. */
    interface Buffers {
        void close();
    }

    private final AtomicReferenceArray<T> free;
    private final Predicate<T> fits;
    private final Supplier<T> maker;
    private volatile boolean closed;

    /** What does not fit any more, because larger ones are needed by now, is freed when it is found. */
    BufferPool(int places, Predicate<T> fits, Supplier<T> maker) {
        this.free = new AtomicReferenceArray<>(places);
        this.fits = fits;
        this.maker = maker;
    }

    T borrow() {
        for (int i = 0; i < free.length(); i++) {
            T buffers = free.get(i) == null ? null : free.getAndSet(i, null);
            if (buffers != null) {
                if (fits.test(buffers)) {
                    return buffers;
                }
                buffers.close();
            }
        }
        return maker.get();
    }

    void giveBack(T buffers) {
        for (int i = 0; i < free.length(); i++) {
            if (free.get(i) == null && free.compareAndSet(i, null, buffers)) {
                if (closed) {
                    close();
                }
                return;
            }
        }
        buffers.close();
    }

    /** Frees all that are not borrowed; those are freed when they are given back. */
    void close() {
        closed = true;
        for (int i = 0; i < free.length(); i++) {
            T buffers = free.getAndSet(i, null);
            if (buffers != null) {
                buffers.close();
            }
        }
    }
}
