package io.tokenwise.bench.load;

/**
 * What became of a request.
 *
 * @param latencyNanos from when it was to be sent, not from when it was
 * @param delayNanos from when it was to be sent until the generator came to it
 * @param status of HTTP; 0 if there was no answer
 * @param kind by which outcomes are counted: the status, or why there was none
 * @param spent of its dense time, as the answer says; NaN without an answer
 * @param cosine to the text's vector at full budget; NaN without a vector
 * @param sameBits whether the vector is the one at full budget, bit for bit
 */
record Outcome(
        Arrival arrival,
        long latencyNanos,
        long delayNanos,
        int status,
        String kind,
        double spent,
        double cosine,
        boolean sameBits) {
    private static final String NOT_TAKEN = "not taken";

    static Outcome refused(Arrival arrival, long latencyNanos, long delayNanos, int status) {
        return without(arrival, latencyNanos, delayNanos, status, String.valueOf(status));
    }

    static Outcome failed(Arrival arrival, long latencyNanos, long delayNanos, Exception failure) {
        String kind = failure instanceof Connections.NotTakenException
                ? NOT_TAKEN + " (" + failure.getCause().getClass().getSimpleName() + ")"
                : failure.getClass().getSimpleName();
        return without(arrival, latencyNanos, delayNanos, 0, kind);
    }

    private static Outcome without(Arrival arrival, long latencyNanos, long delayNanos, int status, String kind) {
        return new Outcome(arrival, latencyNanos, delayNanos, status, kind, Double.NaN, Double.NaN, false);
    }

    boolean answered() {
        return status == 200;
    }

    boolean answeredWithin(long targetNanos) {
        return answered() && latencyNanos <= targetNanos;
    }

    /** Refused because of the load, or dropped because its deadline had passed. */
    boolean shed() {
        return status == 429 || status == 504;
    }

    /** Neither answered nor shed: what a server that goes on has no reason for. */
    boolean failed() {
        return !answered() && !shed();
    }

    /** Failed although the server had taken it, and did not say that it stops (503). */
    boolean lost() {
        return failed() && status != 503 && !kind.startsWith(NOT_TAKEN);
    }
}
