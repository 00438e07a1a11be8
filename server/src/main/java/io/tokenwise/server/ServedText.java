package io.tokenwise.server;

import io.tokenwise.Spent;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** A text encoder that is served: what routes for texts have in common. Thread-safe. */
final class ServedText implements AutoCloseable {
    private final TextEncoder encoder;
    private final Executor workers;
    private final BudgetDefaults defaults;

    ServedText(TextEncoder encoder, Executor workers, BudgetDefaults defaults) {
        this.encoder = encoder;
        this.workers = workers;
        this.defaults = defaults;
    }

    TextEncoder encoder() {
        return encoder;
    }

    /** What budget an ask stands for in this model. */
    BudgetRange range(AskedBudget asked) {
        return switch (asked) {
            case AskedBudget.Share share -> BudgetRange.pinned(encoder.encoder().budget(share.share()));
            case AskedBudget.Auto ignored ->
                BudgetRange.floating(encoder.encoder().budget(defaults.least()), Budget.FULL);
        };
    }

    BudgetDefaults defaults() {
        return defaults;
    }

    /**
     * The vectors of inputs, later: accepted as one or refused as one.
     *
     * @param inputs token ids, special ones included
     */
    CompletableFuture<List<Answer<float[]>>> submit(List<int[]> inputs, BudgetRange range, Deadline deadline) {
        long arrived = System.nanoTime();
        try {
            return CompletableFuture.supplyAsync(() -> run(inputs, range.most(), deadline, arrived), workers);
        } catch (RejectedExecutionException e) {
            throw ApiError.busy(429, "the server is overloaded", Duration.ofMillis(100));
        }
    }

    private List<Answer<float[]>> run(List<int[]> inputs, Budget budget, Deadline deadline, long arrived) {
        long started = System.nanoTime();
        if (deadline.hasPassed()) {
            throw ApiError.of(504, "the deadline has passed before the answer was computed");
        }
        float[][] vectors = encoder.model().encode(inputs, Collections.nCopies(inputs.size(), budget));
        long computed = System.nanoTime();
        return answers(inputs, vectors, budget, (started - arrived) / 1000, (computed - started) / 1000);
    }

    private List<Answer<float[]>> answers(
            List<int[]> inputs, float[][] vectors, Budget budget, long queueMicros, long computeMicros) {
        var answers = new ArrayList<Answer<float[]>>(inputs.size());
        for (int i = 0; i < vectors.length; i++) {
            Spent spent = Spent.of(encoder.encoder(), inputs.get(i), budget);
            answers.add(new Answer<>(vectors[i], budget, spent, queueMicros, computeMicros));
        }
        return answers;
    }

    @Override
    public void close() {
        encoder.close();
    }
}
