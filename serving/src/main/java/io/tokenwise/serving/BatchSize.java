package io.tokenwise.serving;

/** How much is in a batch that is being put together. */
final class BatchSize {
    private final QueueOptions options;
    private long tokens;
    private double micros;

    BatchSize(QueueOptions options) {
        this.options = options;
    }

    /** Whether a request may run with those that are in it; always if there are none. */
    boolean fits(Entry entry, int step) {
        return tokens == 0
                || tokens + entry.tokens <= options.batchTokens()
                        && micros + entry.micros(step) <= options.batchMicros();
    }

    void add(Entry entry, int step) {
        tokens += entry.tokens;
        micros += entry.micros(step);
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
