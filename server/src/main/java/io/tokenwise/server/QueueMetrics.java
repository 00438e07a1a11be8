package io.tokenwise.server;

import io.tokenwise.server.observe.Metrics;
import io.tokenwise.serving.QueueState;
import io.tokenwise.serving.RequestQueue;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** What the queue does, by text-embeddings-inference's names where it has one. */
final class QueueMetrics {
    private final Metrics metrics;
    private final Supplier<QueueState> queue;

    QueueMetrics(Metrics metrics, Supplier<QueueState> queue) {
        this.metrics = metrics;
        this.queue = queue;
    }

    /** Adds what the queue says, whenever somebody reads it. */
    static void add(Metrics metrics, RequestQueue queue) {
        new QueueMetrics(metrics, queue::state).add();
    }

    void add() {
        gauge("te_queue_size", "Inputs that wait", QueueState::waitingRequests);
        gauge("tokenwise_queue_tokens", "Tokens that wait", QueueState::waitingTokens);
        gauge("tokenwise_running_batches", "Batches that run", QueueState::runningBatches);
        gauge(
                "tokenwise_predicted_wait",
                "Seconds that an input that came now would wait, at least budgets",
                state -> state.predictedWaitMicros() / 1e6);
        gauge("tokenwise_dial", "How far budgets that float are turned up: 1 all, 0 the least", QueueState::dial);
        counter("tokenwise_shed", "Inputs refused because of load", QueueState::shed);
        counter("tokenwise_expired", "Inputs dropped because their deadline passed", QueueState::expired);
        counter("tokenwise_cancelled", "Inputs whose client went away", QueueState::cancelled);
        counter("tokenwise_failed", "Inputs that a model failed on", QueueState::failed);
        metrics.doublings(
                "te_batch_next_size",
                "Inputs of a batch",
                () -> queue.get().batchSizes(),
                of(QueueState::batchedRequests));
        metrics.doublings(
                "te_batch_next_tokens",
                "Tokens of a batch",
                () -> queue.get().batchTokens(),
                of(QueueState::batchedTokens));
    }

    private void gauge(String name, String help, ToDoubleFunction<QueueState> value) {
        metrics.gauge(name, help, of(value));
    }

    private void counter(String name, String help, ToDoubleFunction<QueueState> value) {
        metrics.counter(name, help, of(value));
    }

    private DoubleSupplier of(ToDoubleFunction<QueueState> value) {
        return () -> value.applyAsDouble(queue.get());
    }
}
