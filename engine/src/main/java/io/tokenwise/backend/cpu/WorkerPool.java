package io.tokenwise.backend.cpu;

import io.tokenwise.kernels.Scratch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;

/**
 * The threads of one engine: {@code threads - 1} daemon workers; the caller of {@link #run} is the last one.
 *
 * <p>Workers look around for a few microseconds after a job, because the next operation of a forward pass follows at once, and then
 * park: an idle pool uses no CPU. Any number of callers may run jobs at the same time. Thread-safe.
 */
public final class WorkerPool implements AutoCloseable {
    /** About 20 microseconds of looking before parking: longer than the gap between two operations of a pass. */
    private static final int LOOKS = 1_000;

    private final Worker[] workers;
    private final AtomicReferenceArray<Job> jobs;

    /** Threads inside {@link #run}. Once they are as many as the pool's threads, each works alone: help would only take turns with them. */
    private final AtomicInteger callers = new AtomicInteger();

    private volatile boolean closed;

    WorkerPool(int threads) {
        workers = new Worker[threads - 1];
        jobs = new AtomicReferenceArray<>(Math.max(4, 2 * threads));
        try {
            for (int i = 0; i < workers.length; i++) {
                var worker = new Worker(i);
                worker.start();
                workers[i] = worker;
            }
        } catch (Throwable e) {
            // A container may allow fewer threads.
            close();
            throw e;
        }
    }

    public int threads() {
        return workers.length + 1;
    }

    /** Runs all tasks of the job and returns when they are done; tasks may run on any thread of the pool, in any order. */
    public void run(Job job, int tasks, Scratch scratch) {
        int slot = -1;
        job.publish(tasks);
        int idle = threads() - callers.incrementAndGet();
        if (idle > 0 && tasks > 1) {
            slot = offer(job);
            wake(Math.min(idle, tasks - 1));
        }
        job.work(scratch);
        try {
            job.await();
        } finally {
            callers.decrementAndGet();
            if (slot >= 0) {
                jobs.set(slot, null);
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        for (Worker worker : workers) {
            // Null, for which unpark does nothing, if it could not be started.
            LockSupport.unpark(worker);
        }
    }

    /** Puts the job where workers look; -1 if every place is taken, then the caller works alone. */
    private int offer(Job job) {
        for (int i = 0; i < jobs.length(); i++) {
            if (jobs.get(i) == null && jobs.compareAndSet(i, null, job)) {
                return i;
            }
        }
        return -1;
    }

    private void wake(int wanted) {
        for (int i = 0; i < workers.length && wanted > 0; i++) {
            if (workers[i].parked) {
                LockSupport.unpark(workers[i]);
                wanted--;
            }
        }
    }

    private Job find() {
        for (int i = 0; i < jobs.length(); i++) {
            Job job = jobs.get(i);
            if (job != null && job.hasTasks()) {
                return job;
            }
        }
        return null;
    }

    private final class Worker extends Thread {
        private final Scratch scratch = new Scratch();
        private volatile boolean parked;

        Worker(int number) {
            // Inherits nothing of who opens the engine, a class loader least of all.
            super(null, null, "tokenwise-worker-" + number, 0, false);
            setDaemon(true);
        }

        @Override
        public void run() {
            while (!closed) {
                Job job = look();
                if (job != null) {
                    job.work(scratch);
                } else {
                    sleep();
                }
            }
        }

        private Job look() {
            for (int i = 0; i < LOOKS; i++) {
                Job job = find();
                if (job != null) {
                    return job;
                }
                Thread.onSpinWait();
            }
            return null;
        }

        /** Parks unless a job came in between; a caller that sees {@link #parked} wakes us. */
        private void sleep() {
            parked = true;
            if (find() == null && !closed) {
                LockSupport.park(WorkerPool.this);
                // Whoever interrupts all threads of a process means others; with it parking would end at once, ever
                // after.
                Thread.interrupted();
            }
            parked = false;
        }
    }
}
