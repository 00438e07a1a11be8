package io.tokenwise;

import io.tokenwise.api.BackendChoice;

/**
 * What a {@link SpeechRecognizer} may use.
 *
 * @param threads that take part in one call at most, the caller included
 * @param concurrentCalls segments that run at the same time; further calls wait. Bounds native memory
 * @param backend what computes, and in which precision
 */
public record RecognizerOptions(int threads, int concurrentCalls, BackendChoice backend) {
    private static final int MOST_CALLS = 4096;

    public RecognizerOptions {
        if (threads < 1 || concurrentCalls < 1 || concurrentCalls > MOST_CALLS) {
            throw new IllegalArgumentException("threads must be at least 1, concurrent calls 1 to " + MOST_CALLS
                    + "; they are " + threads + " and " + concurrentCalls);
        }
    }

    /** All processors, as many concurrent calls, and the fastest precision that the CPU has instructions for. */
    public static RecognizerOptions defaults() {
        int processors = Runtime.getRuntime().availableProcessors();
        return new RecognizerOptions(processors, processors, BackendChoice.AUTO);
    }

    public RecognizerOptions withThreads(int newThreads) {
        return new RecognizerOptions(newThreads, concurrentCalls, backend);
    }

    public RecognizerOptions withConcurrentCalls(int newConcurrentCalls) {
        return new RecognizerOptions(threads, newConcurrentCalls, backend);
    }

    public RecognizerOptions withBackend(BackendChoice newBackend) {
        return new RecognizerOptions(threads, concurrentCalls, newBackend);
    }
}
