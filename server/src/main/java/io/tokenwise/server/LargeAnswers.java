package io.tokenwise.server;

/** Bytes of answers that are many times as large as what is asked: bounded until they are sent, so that a few clients who read slowly, or not at all, cannot fill the heap. Thread-safe. */
final class LargeAnswers {
    private final long mostBytes;
    private final BytesInFlight bytes;

    LargeAnswers(long mostBytes) {
        this.mostBytes = mostBytes;
        bytes = new BytesInFlight(mostBytes);
    }

    /** A quarter of the heap: while an answer is written it takes its size twice. */
    static LargeAnswers ofTheHeap() {
        return new LargeAnswers(Runtime.getRuntime().maxMemory() / 4);
    }

    /**
     * Counts an answer until it is sent.
     *
     * @param count about its size in bytes
     * @throws ApiError 503 if there is no room for it now, 413 if there never is
     */
    void hold(Exchange exchange, long count) {
        if (count > mostBytes) {
            throw ApiError.of(
                    413,
                    "the answer would have about " + count + " bytes, the server has room for " + mostBytes
                            + ": ask for fewer texts, or shorter ones");
        }
        if (!bytes.of(exchange.request()).take((int) Math.min(Integer.MAX_VALUE, count))) {
            throw BytesInFlight.full();
        }
    }
}
