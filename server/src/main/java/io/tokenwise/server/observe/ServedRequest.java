package io.tokenwise.server.observe;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A request that has been answered.
 *
 * @param operation what it asked for
 * @param model the served model's name, without a budget; empty if it asked for none that is served
 * @param batch whether its input was a list
 * @param inputs what was computed for it; empty if it failed
 * @param failure why it failed, if so
 * @param begin when it arrived
 * @param tokenization the time until its texts were tokens, or its images pixels
 * @param total from its arrival until the answer was ready
 * @param trace what the client says of the trace that it belongs to
 */
public record ServedRequest(
        Operation operation,
        String model,
        boolean batch,
        List<ServedInput> inputs,
        Optional<Failure> failure,
        Instant begin,
        Duration tokenization,
        Duration total,
        TraceContext trace) {

    /**
     * The trace of a request as W3C's headers give it; either may be null.
     *
     * @param traceparent version, trace, span and flags
     * @param tracestate what its vendors add
     */
    public record TraceContext(String traceparent, String tracestate) {
        /** Of a request that says nothing. */
        public static final TraceContext NONE = new TraceContext(null, null);
    }

    /** All that it had the model read. */
    public int tokens() {
        return inputs.stream().mapToInt(ServedInput::tokens).sum();
    }

    /** The mean over its tokens of the budgets that they ran with; NaN without any. */
    public double budget() {
        return ServedInput.mean(inputs, ServedInput::budget);
    }

    /** The mean over its tokens of what they cost, as a share of the dense model's time; NaN without any, or if nobody knows. */
    public double spent() {
        return ServedInput.mean(inputs, ServedInput::spent);
    }
}
