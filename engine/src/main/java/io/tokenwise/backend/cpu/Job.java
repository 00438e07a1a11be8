package io.tokenwise.backend.cpu;

import io.tokenwise.kernels.Scratch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Work that is cut into numbered tasks which do not touch each other's results. One object serves many runs.
 *
 * <p>Number of tasks and next task share one atomic, so that a worker that still looks at a finished run can never take a
 * task of the next one by mistake.
 */
public abstract class Job {
    private static final int SPINS = 2_000;

    /** Tasks of the current run in the high half, next task to take in the low half; 0 between runs. */
    private final AtomicLong state = new AtomicLong();

    private final AtomicInteger unfinished = new AtomicInteger();
    private volatile Throwable failure;
    private volatile Thread waiting;

    /** Does task number {@code task}. */
    protected abstract void run(int task, Scratch scratch);

    void publish(int tasks) {
        failure = null;
        unfinished.set(tasks);
        state.set((long) tasks << 32);
    }

    boolean hasTasks() {
        long seen = state.get();
        return (int) seen < (int) (seen >>> 32);
    }

    /** Takes and does tasks until none is left to take. */
    void work(Scratch scratch) {
        while (hasTasks()) {
            long taken = state.getAndIncrement();
            int task = (int) taken;
            if (task >= (int) (taken >>> 32)) {
                return;
            }
            try {
                run(task, scratch);
            } catch (Throwable e) {
                failure = e;
            }
            if (unfinished.decrementAndGet() == 0) {
                LockSupport.unpark(waiting);
            }
        }
    }

    /** Waits for tasks that others took, then passes on what one of them threw. */
    void await() {
        for (int i = 0; unfinished.get() > 0 && i < SPINS; i++) {
            Thread.onSpinWait();
        }
        if (unfinished.get() > 0) {
            waiting = Thread.currentThread();
            while (unfinished.get() > 0) {
                LockSupport.park(this);
            }
            waiting = null;
        }
        state.set(0);
        switch (failure) {
            case null -> {}
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case Throwable e -> throw new IllegalStateException(e);
        }
    }
}
