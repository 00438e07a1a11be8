package io.tokenwise.server;

import io.tokenwise.server.observe.ServedInput;
import java.util.List;
import java.util.Locale;

/**
 * What a request's answers were allowed and have cost together: every answer says so in its headers.
 *
 * @param budget mean over the inputs, weighted by their tokens
 * @param spent share of the dense model's time, likewise; NaN if the model does not know
 * @param queueMicros of the input that waited longest
 * @param computeMicros of the batch that ran longest
 * @param truncated texts that were cut
 */
record Costs(double budget, double spent, long queueMicros, long computeMicros, int truncated) {
    static Costs of(List<ServedInput> inputs, int truncated) {
        return new Costs(
                ServedInput.mean(inputs, ServedInput::budget),
                ServedInput.mean(inputs, ServedInput::spent),
                inputs.stream().mapToLong(ServedInput::queueMicros).max().orElse(0),
                inputs.stream().mapToLong(ServedInput::computeMicros).max().orElse(0),
                truncated);
    }

    /** Adds the headers. */
    Reply tell(Reply reply) {
        Reply told = reply.with(BudgetAsk.HEADER, share(budget));
        if (!Double.isNaN(spent)) {
            told = told.with("x-tokenwise-spent", share(spent));
        }
        if (truncated > 0) {
            told = told.with("x-tokenwise-truncated", Integer.toString(truncated));
        }
        return told.with(
                "server-timing",
                String.format(Locale.ROOT, "queue;dur=%.3f, compute;dur=%.3f", queueMicros / 1e3, computeMicros / 1e3));
    }

    private static String share(double value) {
        return String.format(Locale.ROOT, "%.4g", value);
    }
}
