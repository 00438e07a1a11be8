package io.tokenwise.serving;

import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;

/**
 * Requests of several models before a few threads. Nothing waits for a batch to fill: a thread that has nothing to do takes what is there. Work whose deadline has
 * passed is dropped before it is computed, and the {@link Control} chooses budgets of those requests that may float.
 *
 * <p>Thread-safe. Futures are completed on the queue's threads: what is chained to them must be short, or go elsewhere.
 */
public final class RequestQueue implements AutoCloseable {
    private final QueueOptions options;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final Condition idle = lock.newCondition();
    private final List<Thread> threads = new ArrayList<>();

    /** All below guarded by the lock. */
    private final Scheduler<Pending<?>> scheduler;

    /** Of two seconds. */
    private final Latencies latencies = new Latencies(8);

    private final Counts counts = new Counts();
    private int runningBatches;
    private boolean closed;

    private RequestQueue(QueueOptions options) {
        this.options = options;
        scheduler = new Scheduler<>(options);
    }

    /**
     * Starts the threads, which end when it is closed.
     *
     * @param options what it may use
     * @return a queue without models, to be closed
     */
    public static RequestQueue start(QueueOptions options) {
        var queue = new RequestQueue(options);
        for (int i = 0; i < options.workers(); i++) {
            queue.threads.add(Thread.ofPlatform()
                    .inheritInheritableThreadLocals(false)
                    .daemon()
                    .name("tokenwise-queue-" + i)
                    .start(queue::work));
        }
        return queue;
    }

    /**
     * Puts a model into the queue. Some seconds pass while what it costs is measured, on the calling thread, which also makes it as fast as it gets. Requests of other models are then
     * computed beside it, and take longer. Of a model of which nothing waits or runs the queue keeps nothing.
     *
     * @param <R> what the model gives for an input
     * @param model stays its opener's, to be closed after the queue
     * @return the way in for its requests
     */
    public <R> Lane<R> add(Served<R> model) {
        return new Lane<>(this, MeasuredModel.of(model, options));
    }

    /**
     * Puts a model into the queue that takes as long as another, because both are one network that is asked for different results. Nothing is measured.
     *
     * @param <R> what the model gives for an input
     * @param model stays its opener's, to be closed after the queue
     * @param like of this queue
     * @return the way in for its requests
     * @throws IllegalArgumentException if the other is of another queue
     */
    public <R> Lane<R> add(Served<R> model, Lane<?> like) {
        if (like.queue() != this) {
            throw new IllegalArgumentException(model.name() + ": its costs are to be those of "
                    + like.model().name() + ", which is in another queue");
        }
        return new Lane<>(this, like.measured().as(model));
    }

    /** {@return what it was started with} */
    public QueueOptions options() {
        return options;
    }

    long nowNanos() {
        return System.nanoTime();
    }

    void offer(List<Pending<?>> entries, long nowNanos) {
        // Who comes too late is told so, and not to try again, where there is no room either.
        Map<Boolean, List<Pending<?>>> byLate =
                entries.stream().collect(Collectors.partitioningBy(entry -> entry.isExpired(nowNanos)));
        accept(byLate.get(false), byLate.get(true).size(), nowNanos);
        byLate.get(true).forEach(RequestQueue::tellExpired);
    }

    private void accept(List<Pending<?>> entries, int late, long nowNanos) {
        lock.lock();
        try {
            checkOpen();
            scheduler.offer(entries, nowNanos);
            counts.accepted += entries.size() + late;
            counts.expired += late;
            if (entries.size() == 1) {
                work.signal();
            } else {
                work.signalAll();
            }
        } catch (OverloadedException e) {
            counts.shed += entries.size();
            throw e;
        } finally {
            lock.unlock();
        }
        entries.forEach(entry -> entry.future.whenComplete((answer, e) -> withdraw(entry)));
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the queue is closed");
        }
    }

    /** Whoever completed the future before it ran does not want it any more. */
    private void withdraw(Pending<?> entry) {
        lock.lock();
        try {
            if (scheduler.withdraw(entry)) {
                counts.cancelled++;
                signalIfIdle();
            }
        } finally {
            lock.unlock();
        }
    }

    private void work() {
        while (workOnce()) {}
    }

    /** Waits for something to do, and does it; false if it is closed and nothing waits. */
    private boolean workOnce() {
        var expired = new ArrayList<Pending<?>>();
        Batch<Pending<?>> batch;
        lock.lock();
        try {
            batch = await(expired);
        } finally {
            lock.unlock();
        }
        expired.forEach(RequestQueue::tellExpired);
        if (batch != null) {
            // What is chained to an answer may leave its thread interrupted, and models do not run in such a one.
            Thread.interrupted();
            runBatch(batch);
        }
        return batch != null || !expired.isEmpty();
    }

    /** The next batch; null if requests have expired, or if it is closed and nothing waits. */
    private Batch<Pending<?>> await(List<Pending<?>> expired) {
        while (true) {
            long nowNanos = nowNanos();
            expired.addAll(scheduler.dropExpired(nowNanos));
            counts.expired += expired.size();
            Batch<Pending<?>> batch = scheduler.next(nowNanos);
            if (batch != null) {
                runningBatches++;
                return batch;
            }
            signalIfIdle();
            if (!expired.isEmpty() || closed) {
                return null;
            }
            work.awaitUninterruptibly();
        }
    }

    private static void tellExpired(Pending<?> entry) {
        entry.future.completeExceptionally(
                new DeadlineException("the deadline passed before the request was computed"));
    }

    private void signalIfIdle() {
        if (scheduler.isIdle()) {
            idle.signalAll();
        }
    }

    private void runBatch(Batch<Pending<?>> batch) {
        List<Outcome> outcomes = Outcome.of(batch);
        lock.lock();
        try {
            count(batch, outcomes, nowNanos());
            signalIfIdle();
        } finally {
            lock.unlock();
        }
        outcomes.forEach(Outcome::tell);
    }

    private void count(Batch<Pending<?>> batch, List<Outcome> outcomes, long nowNanos) {
        runningBatches--;
        if (outcomes.stream().allMatch(outcome -> outcome.failure() == null)) {
            scheduler.finished(batch, nowNanos);
        } else {
            scheduler.failed(batch);
        }
        for (Outcome outcome : outcomes) {
            if (outcome.failure() == null) {
                counts.answered++;
                latencies.add(nowNanos, (nowNanos - outcome.entry().arrivalNanos) / 1000);
            } else {
                counts.failed++;
            }
        }
        counts.batches++;
        counts.batchedRequests += batch.entries().size();
        counts.batchedTokens += batch.tokens();
        counts.sizes.add(batch.entries().size());
        counts.tokens.add(batch.tokens());
    }

    /** {@return what it is doing, for metrics} */
    public QueueState state() {
        lock.lock();
        try {
            long nowNanos = nowNanos();
            return new QueueState(
                    scheduler.waitingRequests(),
                    scheduler.waitingTokens(),
                    runningBatches,
                    Math.round(scheduler.predictedWaitMicros(nowNanos)),
                    1 - (double) scheduler.step() / Dial.STEPS,
                    Math.round(latencies.quantile(nowNanos, 0.5)),
                    Math.round(latencies.quantile(nowNanos, 0.99)),
                    counts.accepted,
                    counts.answered,
                    counts.shed,
                    counts.expired,
                    counts.cancelled,
                    counts.failed,
                    counts.batches,
                    counts.batchedRequests,
                    counts.batchedTokens,
                    counts.sizes.counts(),
                    counts.tokens.counts());
        } finally {
            lock.unlock();
        }
    }

    /**
     * Refuses new requests, finishes those that were accepted, and ends the threads. In an interrupted thread it waits for nobody: what does not run yet is given up. What is chained to an answer may call it: its thread then computes what waits.
     */
    @Override
    public void close() {
        close(Duration.ofSeconds(Long.MAX_VALUE));
    }

    /**
     * The same, but after some time what does not run yet is given up: its futures have an {@link IllegalStateException}. What runs is finished.
     *
     * @param most how long to wait
     */
    public void close(Duration most) {
        var until = Deadline.in(most);
        lock.lock();
        try {
            closed = true;
            work.signalAll();
        } finally {
            lock.unlock();
        }
        boolean isOwn = threads.contains(Thread.currentThread());
        while (isOwn && !until.hasPassed() && workOnce()) {}
        giveUp(until);
        if (!isOwn) {
            // Of its own threads two that close it would wait for each other.
            threads.forEach(RequestQueue::join);
        }
    }

    private void giveUp(Deadline until) {
        List<Pending<?>> givenUp;
        lock.lock();
        try {
            awaitIdle(until);
            givenUp = scheduler.dropAll();
            counts.failed += givenUp.size();
        } finally {
            lock.unlock();
        }
        givenUp.forEach(entry -> entry.future.completeExceptionally(
                new IllegalStateException("the queue was closed before the request ran")));
    }

    /** A caller that is interrupted does not want to wait. */
    private void awaitIdle(Deadline until) {
        try {
            while (!scheduler.isIdle() && !until.hasPassed()) {
                idle.awaitNanos(until.left().toNanos());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void join(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
