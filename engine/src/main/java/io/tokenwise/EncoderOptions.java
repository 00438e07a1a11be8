package io.tokenwise;

import io.tokenwise.api.BackendChoice;

/**
 * What a {@link TextEncoder} or {@link ImageClassifier} may use.
 *
 * @param threads that take part in one call at most, the caller included
 * @param batchTokens tokens that run through the model at once, of an image one for each patch and one for its class; longer lists of texts or images are cut.
 *     Bounds native memory. Raised to the model's longest text, or to an image, if less
 * @param concurrentCalls calls that run at the same time; further ones wait. Bounds native memory
 * @param backend what computes, and in which precision
 */
public record EncoderOptions(int threads, int batchTokens, int concurrentCalls, BackendChoice backend) {
    private static final int MOST_CALLS = 4096;

    public EncoderOptions {
        if (concurrentCalls > MOST_CALLS) {
            throw new IllegalArgumentException(
                    "concurrent calls: " + concurrentCalls + ", must be at most " + MOST_CALLS + "; further ones wait");
        }
        if (threads < 1 || batchTokens < 1 || concurrentCalls < 1) {
            throw new IllegalArgumentException("threads, batch tokens and concurrent calls must be at least 1, are "
                    + threads + ", " + batchTokens + " and " + concurrentCalls);
        }
    }

    /**
     * All processors, batches of 1,024 tokens, four times as many concurrent calls as processors, and the fastest precision that the CPU has
     * instructions for.
     */
    public static EncoderOptions defaults() {
        int processors = Runtime.getRuntime().availableProcessors();
        return new EncoderOptions(processors, 1024, 4 * processors, BackendChoice.AUTO);
    }

    public EncoderOptions withThreads(int newThreads) {
        return new EncoderOptions(newThreads, batchTokens, concurrentCalls, backend);
    }

    public EncoderOptions withBatchTokens(int newBatchTokens) {
        return new EncoderOptions(threads, newBatchTokens, concurrentCalls, backend);
    }

    public EncoderOptions withConcurrentCalls(int newConcurrentCalls) {
        return new EncoderOptions(threads, batchTokens, newConcurrentCalls, backend);
    }

    public EncoderOptions withBackend(BackendChoice newBackend) {
        return new EncoderOptions(threads, batchTokens, concurrentCalls, newBackend);
    }
}
