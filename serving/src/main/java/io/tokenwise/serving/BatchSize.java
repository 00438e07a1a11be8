package io.tokenwise.serving;

/** How much is in a batch that is being put together. */
final class BatchSize {
    private final int mostTokens;
    private final double mostMicros;
    private long tokens;
    private double micros;

    BatchSize(QueueOptions options) {
        mostTokens = options.batchTokens();
        mostMicros = options.batchMicros();
    }

    /** Adds a request if it may run with those that are in it, as it always may if there are none; false if not. */
    boolean add(Entry entry, int step) {
        double more = entry.micros(step);
        boolean fits = tokens == 0 || tokens + entry.tokens <= mostTokens && micros + more <= mostMicros;
        if (fits) {
            tokens += entry.tokens;
            micros += more;
        }
        return fits;
    }

    void clear() {
        tokens = 0;
        micros = 0;
    }

    long tokens() {
        return tokens;
    }

    /** What its requests take, as predicted. */
    double micros() {
        return micros;
    }
}
