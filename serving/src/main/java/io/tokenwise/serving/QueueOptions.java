package io.tokenwise.serving;

import java.util.Objects;

/**
 * What a {@link RequestQueue} may use.
 *
 * @param workers threads, each of which computes batches alone: open models with one thread and as many concurrent calls
 * @param batchTokens tokens that run together at most. Nothing waits for a batch to fill: larger ones cost tail latency, and save 10 % of the time
 * @param waitingRequests that wait at most; further ones are refused
 * @param waitingTokens their tokens together at most, where 16 numbers of an input, such as an image's pixels, count as a token at least. Bounds memory: to 64 bytes for each
 * @param pinnedShare of the workers' time that requests with a pinned budget get if they need it, and others at least leave them; above 0 and below 1
 * @param control who chooses budgets
 */
public record QueueOptions(
        int workers, int batchTokens, int waitingRequests, long waitingTokens, double pinnedShare, Control control) {
    /** A batch waits for one that runs, and takes its own time. */
    private static final int BATCHES_IN_TARGET = 4;

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if one is less than 1, or the share of pinned requests is not between 0 and 1
     */
    public QueueOptions {
        if (workers < 1 || batchTokens < 1 || waitingRequests < 1 || waitingTokens < 1) {
            throw new IllegalArgumentException(
                    "workers, batch tokens, waiting requests and waiting tokens must be at least 1, are " + workers
                            + ", " + batchTokens + ", " + waitingRequests + " and " + waitingTokens);
        }
        if (!(pinnedShare > 0 && pinnedShare < 1)) {
            throw new IllegalArgumentException("pinned share is " + pinnedShare + ", must be between 0 and 1");
        }
        Objects.requireNonNull(control, "control");
    }

    /** {@return a worker for each processor, batches of 512 tokens, 4,096 waiting requests of a million tokens, half of the time for pinned ones, no control} */
    public static QueueOptions defaults() {
        return new QueueOptions(Runtime.getRuntime().availableProcessors(), 512, 4096, 1 << 20, 0.5, Control.off());
    }

    /**
     * {@return the same with another number of workers}
     *
     * @param newWorkers threads that compute, at least 1
     */
    public QueueOptions withWorkers(int newWorkers) {
        return new QueueOptions(newWorkers, batchTokens, waitingRequests, waitingTokens, pinnedShare, control);
    }

    /**
     * {@return the same with other batches}
     *
     * @param newBatchTokens that run together at most, at least 1
     */
    public QueueOptions withBatchTokens(int newBatchTokens) {
        return new QueueOptions(workers, newBatchTokens, waitingRequests, waitingTokens, pinnedShare, control);
    }

    /**
     * {@return the same with other room}
     *
     * @param newRequests that wait at most, at least 1
     * @param newTokens of them together at most, at least 1
     */
    public QueueOptions withWaiting(int newRequests, long newTokens) {
        return new QueueOptions(workers, batchTokens, newRequests, newTokens, pinnedShare, control);
    }

    /**
     * {@return the same with other shares of time}
     *
     * @param newPinnedShare of requests with a pinned budget; above 0 and below 1
     */
    public QueueOptions withPinnedShare(double newPinnedShare) {
        return new QueueOptions(workers, batchTokens, waitingRequests, waitingTokens, newPinnedShare, control);
    }

    /**
     * {@return the same with another control}
     *
     * @param newControl who chooses budgets
     */
    public QueueOptions withControl(Control newControl) {
        return new QueueOptions(workers, batchTokens, waitingRequests, waitingTokens, pinnedShare, newControl);
    }

    /** What a batch takes at most where there is a target, unless it is a single request: who waits behind it must not miss the target because of it. */
    double batchMicros() {
        return control.mode() == Control.Mode.AUTO
                ? control.target().toNanos() / (1000.0 * BATCHES_IN_TARGET)
                : Double.POSITIVE_INFINITY;
    }
}
