package io.tokenwise.server;

import io.tokenwise.api.Deadline;
import io.tokenwise.serving.Answer;
import io.tokenwise.serving.BudgetRange;
import io.tokenwise.serving.Lane;
import io.tokenwise.serving.Request;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Many futures as one. */
final class Together {
    private Together() {}

    /**
     * What a model answers to inputs, later: accepted as one or refused as one. What runs not yet when the client goes away is taken back.
     *
     * @param inputs as the model reads them
     * @param range of budgets that each may have
     * @throws io.tokenwise.serving.OverloadedException if they are not accepted
     */
    static <R> CompletableFuture<List<Answer<R>>> answers(
            Exchange exchange, Lane<R> lane, List<int[]> inputs, BudgetRange range, Deadline deadline) {
        var answers = all(lane.submitAll(inputs.stream()
                .map(input -> new Request(input, deadline, range))
                .toList()));
        exchange.cancelWhenGone(answers);
        return answers;
    }

    /** All results in their order. It fails as soon as one fails, and cancels the others then; cancelling it cancels all. */
    static <T> CompletableFuture<List<T>> all(List<CompletableFuture<T>> futures) {
        var together = new CompletableFuture<List<T>>();
        CompletableFuture.allOf(futures.toArray(CompletableFuture[]::new))
                .thenRun(() -> together.complete(
                        futures.stream().map(CompletableFuture::join).toList()));
        for (CompletableFuture<T> future : futures) {
            future.whenComplete((result, failure) -> {
                if (failure != null) {
                    together.completeExceptionally(failure);
                }
            });
        }
        together.whenComplete((results, failure) -> {
            if (failure != null) {
                futures.forEach(future -> future.cancel(false));
            }
        });
        return together;
    }
}
