package io.tokenwise.api;

import java.util.Objects;

/**
 * What an engine, and with it all models that it opens, may use.
 *
 * @param threads that take part in one call at most, the caller included
 * @param batchTokens tokens of several texts or images that run through a model at once, of an image one for each patch and one for its class; longer lists are cut, and a
 *     text or an image that has more runs alone. Bounds native memory, as far as texts are no longer
 * @param concurrentCalls calls that run at the same time, of all models together, of a recording one segment; further ones wait. Bounds native memory: each holds at most what the
 *     largest open model needs, and what it holds is given back when a model is closed
 * @param backend what computes, and in which precision
 * @param management whether the engine tells of itself by an MXBean, {@code io.tokenwise:type=Engine,id=1} and so on
 */
public record EngineOptions(
        int threads, int batchTokens, int concurrentCalls, BackendChoice backend, boolean management) {
    private static final int MOST_CALLS = 4096;

    /** Of a pool whose threads look at each other's places for jobs. */
    private static final int MOST_THREADS = 1024;

    /** Values of the widest layer for so many tokens can still be counted by an int. */
    private static final int MOST_BATCH_TOKENS = 1 << 17;

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if threads are not 1 to 1,024, batch tokens not 1 to 131,072, or concurrent calls not 1 to 4,096
     */
    public EngineOptions {
        Objects.requireNonNull(backend, "backend");
        if (threads < 1 || threads > MOST_THREADS) {
            throw new IllegalArgumentException("threads must be 1 to " + MOST_THREADS + ", not " + threads
                    + "; more than the machine has processors make nothing faster");
        }
        if (batchTokens < 1 || batchTokens > MOST_BATCH_TOKENS) {
            throw new IllegalArgumentException("batch tokens must be 1 to " + MOST_BATCH_TOKENS + ", not " + batchTokens
                    + "; further ones run in the next batch");
        }
        if (concurrentCalls < 1 || concurrentCalls > MOST_CALLS) {
            throw new IllegalArgumentException(
                    "concurrent calls must be 1 to " + MOST_CALLS + ", not " + concurrentCalls + "; further ones wait");
        }
    }

    /**
     * {@return options for all processors but at most 1,024, batches of 1,024 tokens, four times as many concurrent calls as processors but at most 4,096, and the fastest precision that the CPU
     * has instructions for; no MXBean}
     */
    public static EngineOptions defaults() {
        int processors = Runtime.getRuntime().availableProcessors();
        return new EngineOptions(
                Math.min(processors, MOST_THREADS),
                1024,
                Math.min(4 * processors, MOST_CALLS),
                BackendChoice.AUTO,
                false);
    }

    /**
     * {@return the same with other threads}
     *
     * @param newThreads that take part in one call at most, 1 to 1,024
     */
    public EngineOptions withThreads(int newThreads) {
        return new EngineOptions(newThreads, batchTokens, concurrentCalls, backend, management);
    }

    /**
     * {@return the same with other batches}
     *
     * @param newBatchTokens that run at once at most, at least 1
     */
    public EngineOptions withBatchTokens(int newBatchTokens) {
        return new EngineOptions(threads, newBatchTokens, concurrentCalls, backend, management);
    }

    /**
     * {@return the same with another number of calls}
     *
     * @param newConcurrentCalls that run at the same time, 1 to 4,096
     */
    public EngineOptions withConcurrentCalls(int newConcurrentCalls) {
        return new EngineOptions(threads, batchTokens, newConcurrentCalls, backend, management);
    }

    /**
     * {@return the same with another backend}
     *
     * @param newBackend what computes, and in which precision
     */
    public EngineOptions withBackend(BackendChoice newBackend) {
        return new EngineOptions(threads, batchTokens, concurrentCalls, newBackend, management);
    }

    /**
     * {@return the same with or without an MXBean}
     *
     * @param newManagement whether there is one
     */
    public EngineOptions withManagement(boolean newManagement) {
        return new EngineOptions(threads, batchTokens, concurrentCalls, backend, newManagement);
    }
}
