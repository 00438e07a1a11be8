package io.tokenwise.bench.load;

/**
 * What became of a request.
 *
 * @param latencyNanos from when it was to be sent, not from when it was
 * @param status of HTTP; 0 if it was sent and not answered, {@link #NOT_SENT} if nobody took it
 * @param spent of its dense time, as the answer says; NaN without an answer
 * @param cosine to the text's vector at full budget; NaN without a vector
 * @param sameBits whether the vector is the one at full budget, bit for bit
 */
record Outcome(Arrival arrival, long latencyNanos, int status, double spent, double cosine, boolean sameBits) {
    /** Of {@code status}: the request could not be sent. */
    static final int NOT_SENT = -1;

    boolean answered() {
        return status == 200;
    }

    boolean answeredWithin(long targetNanos) {
        return answered() && latencyNanos <= targetNanos;
    }

    /** Refused, or dropped because its deadline had passed. */
    boolean shed() {
        return status == 429 || status == 504 || status == 503;
    }

    /** Sent, and neither answered nor refused. */
    boolean cutShort() {
        return status == 0;
    }
}
