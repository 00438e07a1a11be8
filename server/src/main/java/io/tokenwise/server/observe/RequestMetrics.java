package io.tokenwise.server.observe;

import java.util.concurrent.atomic.LongAdder;

/**
 * Counts requests by text-embeddings-inference's names, so that its dashboards work: {@code te_request_*} for each request, {@code te_embed_*} and {@code
 * te_predict_*} for each text or image; and by names of our own what budgets do. Thread-safe.
 */
public final class RequestMetrics implements RequestListener {
    /** Seconds; text-embeddings-inference's 35 buckets, from 15 microseconds to 14.6 seconds. */
    private static final double[] DURATIONS = Histogram.geometric(0.000015, 1.5, 35);

    /** Tokens, 1 to 8,192. */
    private static final double[] LENGTHS = Histogram.geometric(1, 2, 14);

    /** The controller's steps. */
    private static final double[] SHARES = Histogram.even(16, 1);

    private final Metrics metrics;

    public RequestMetrics(Metrics metrics) {
        this.metrics = metrics;
        // A rate needs a zero before the first one.
        for (boolean batch : new boolean[] {false, true}) {
            requests("te_request_count", batch);
            requests("te_request_success", batch);
        }
        for (Failure failure : Failure.values()) {
            failures(failure);
        }
    }

    @Override
    public void served(ServedRequest request) {
        requests("te_request_count", request.batch()).increment();
        if (request.failure().isPresent()) {
            failures(request.failure().get()).increment();
            return;
        }
        requests("te_request_success", request.batch()).increment();
        // As there, a request's queue and inference time are the means of its inputs'.
        double queueSeconds = request.inputs().stream()
                .mapToDouble(input -> input.queueMicros() / 1e6)
                .average()
                .orElse(0);
        double computeSeconds = request.inputs().stream()
                .mapToDouble(input -> input.computeMicros() / 1e6)
                .average()
                .orElse(0);
        double tokenizationSeconds = request.tokenization().toNanos() / 1e9;
        durations("te_request", request.total().toNanos() / 1e9, tokenizationSeconds, queueSeconds, computeSeconds);
        request.inputs().forEach(input -> input(request, input, tokenizationSeconds));
    }

    private void input(ServedRequest request, ServedInput input, double tokenizationSeconds) {
        metrics.histogram("te_request_input_length", "Tokens of an input", LENGTHS)
                .add(input.tokens());
        String prefix = request.operation().metricPrefix();
        metrics.counter(prefix + "_count", "Inputs of this kind in requests that were answered well")
                .increment();
        metrics.counter(prefix + "_success", "Inputs of this kind that were computed")
                .increment();
        double queueSeconds = input.queueMicros() / 1e6;
        double computeSeconds = input.computeMicros() / 1e6;
        durations(
                prefix,
                tokenizationSeconds + queueSeconds + computeSeconds,
                tokenizationSeconds,
                queueSeconds,
                computeSeconds);
        metrics.histogram("tokenwise_budget", "Budget that an input ran with", SHARES, "model", request.model())
                .add(input.budget());
        metrics.histogram(
                        "tokenwise_spent",
                        "Share of the dense model's time that an input cost",
                        SHARES,
                        "model",
                        request.model())
                .add(input.spent());
    }

    private void durations(String prefix, double total, double tokenization, double queue, double inference) {
        metrics.histogram(prefix + "_duration", "Seconds in all", DURATIONS).add(total);
        metrics.histogram(prefix + "_tokenization_duration", "Seconds until tokens were made", DURATIONS)
                .add(tokenization);
        metrics.histogram(prefix + "_queue_duration", "Seconds of waiting in the queue", DURATIONS)
                .add(queue);
        metrics.histogram(prefix + "_inference_duration", "Seconds of computing", DURATIONS)
                .add(inference);
    }

    private LongAdder requests(String name, boolean batch) {
        String help = name.endsWith("_success") ? "Requests that were answered well" : "Requests";
        return metrics.counter(name, help, "method", batch ? "batch" : "single");
    }

    private LongAdder failures(Failure failure) {
        return metrics.counter("te_request_failure", "Requests that were not answered well", "err", failure.label());
    }
}
