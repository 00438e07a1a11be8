package io.tokenwise.server;

import io.tokenwise.server.observe.Failure;
import io.tokenwise.server.observe.Operation;
import io.tokenwise.server.observe.ServedInput;
import io.tokenwise.server.observe.ServedRequest;
import io.tokenwise.server.observe.ServedRequest.TraceContext;
import io.tokenwise.serving.Answer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What is found out about a request while it is answered, for those who count requests. One thread writes it at a time. */
final class Observation {
    /** Of a failed request's {@link ApiError}: the model was given more inputs than one request may have. */
    static final String BATCH_SIZE = "batch_size";

    /** Of a failed request's {@link ApiError}: a text is too long and may not be cut, or has unknown ids. */
    static final String TOKENIZATION = "tokenization";

    /** Of a failed request's {@link ApiError}: its client went away. */
    static final String DROPPED = "dropped";

    /** Of a failed request's {@link ApiError}: the model is of another kind. */
    static final String MODEL_TYPE = "model_type";

    private final Operation operation;
    private final TraceContext trace;
    private final long arrivedNanos;
    private String model = "";
    private boolean batch;
    private Duration tokenization = Duration.ZERO;
    private List<ServedInput> inputs = List.of();

    Observation(Operation operation, TraceContext trace, long arrivedNanos) {
        this.operation = operation;
        this.trace = trace;
        this.arrivedNanos = arrivedNanos;
    }

    /** The request is understood. */
    void asked(String servedModel, boolean isBatch, Duration tokenizationTime) {
        model = servedModel;
        batch = isBatch;
        tokenization = tokenizationTime;
    }

    /** All has been computed; {@code tokens} has a number for each answer. */
    void answered(List<Integer> tokens, List<? extends Answer<?>> answers) {
        var served = new ArrayList<ServedInput>(answers.size());
        for (int i = 0; i < answers.size(); i++) {
            Answer<?> answer = answers.get(i);
            served.add(new ServedInput(
                    tokens.get(i),
                    answer.budget().share(),
                    answer.spent().time(),
                    answer.queueMicros(),
                    answer.computeMicros()));
        }
        inputs = List.copyOf(served);
    }

    List<ServedInput> inputs() {
        return inputs;
    }

    Duration tokenization() {
        return tokenization;
    }

    /** Since the request's arrival. */
    Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - arrivedNanos);
    }

    /** The answer is ready. */
    ServedRequest end(Optional<Failure> failure) {
        Duration total = elapsed();
        return new ServedRequest(
                operation,
                model,
                batch,
                failure.isPresent() ? List.of() : inputs,
                failure,
                Instant.now().minus(total),
                tokenization,
                total,
                trace);
    }

    /** Why a request failed that got this answer. */
    static Failure failure(ApiError error) {
        return switch (error.code()) {
            case BATCH_SIZE -> Failure.BATCH_SIZE;
            case TOKENIZATION -> Failure.TOKENIZATION;
            case MODEL_TYPE -> Failure.MODEL_TYPE;
            case DROPPED -> Failure.DROPPED;
            case null, default ->
                switch (error.status()) {
                    case 429, 503, 504 -> Failure.OVERLOADED;
                    case 500 -> Failure.INFERENCE;
                    default -> Failure.VALIDATION;
                };
        };
    }
}
