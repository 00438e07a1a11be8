package io.tokenwise.serving;

import io.tokenwise.api.Budget;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What became of a request that ran.
 *
 * @param answer null if it failed
 * @param failure null if not
 */
record Outcome(Pending<?> entry, Answer<?> answer, Throwable failure) {
    /** Runs a batch. If it fails each request runs alone, so that one that makes the model fail harms no other. */
    static List<Outcome> of(Batch<Pending<?>> batch) {
        // Inputs of one budget run through the same layers, and those that lie side by side at once.
        List<Pending<?>> entries = batch.entries().stream()
                .sorted(Comparator.comparingDouble(
                        (Pending<?> entry) -> budget(entry, batch).share()))
                .toList();
        try {
            return run(entries, batch);
        } catch (Throwable e) {
            if (entries.size() == 1) {
                return List.of(new Outcome(entries.getFirst(), null, e));
            }
        }
        return entries.stream().map(entry -> alone(entry, batch)).toList();
    }

    private static Outcome alone(Pending<?> entry, Batch<Pending<?>> batch) {
        try {
            return run(List.of(entry), batch).getFirst();
        } catch (Throwable e) {
            return new Outcome(entry, null, e);
        }
    }

    private static List<Outcome> run(List<Pending<?>> entries, Batch<Pending<?>> batch) {
        long startNanos = System.nanoTime();
        List<?> results = entries.getFirst()
                .lane
                .model()
                .run(
                        entries.stream().map(entry -> entry.input).toList(),
                        entries.stream().map(entry -> budget(entry, batch)).toList());
        long computeMicros = (System.nanoTime() - startNanos) / 1000;
        if (results.size() != entries.size()) {
            throw new IllegalStateException(entries.getFirst().lane.model().name() + ": " + results.size()
                    + " results for " + entries.size() + " inputs");
        }
        var outcomes = new ArrayList<Outcome>(entries.size());
        for (int i = 0; i < entries.size(); i++) {
            Pending<?> entry = entries.get(i);
            Choices.Choice choice = entry.choices.at(batch.step());
            long queueMicros = (batch.startNanos() - entry.arrivalNanos) / 1000;
            var answer = new Answer<>(results.get(i), choice.budget(), choice.spent(), queueMicros, computeMicros);
            outcomes.add(new Outcome(entry, answer, null));
        }
        return outcomes;
    }

    private static Budget budget(Pending<?> entry, Batch<Pending<?>> batch) {
        return entry.choices.at(batch.step()).budget();
    }

    /** Completes the request's future. */
    void tell() {
        if (failure == null) {
            entry.answer(answer);
        } else {
            entry.future.completeExceptionally(failure);
        }
    }
}
