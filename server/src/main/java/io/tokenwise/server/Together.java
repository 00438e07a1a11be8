package io.tokenwise.server;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Many futures as one. */
final class Together {
    private Together() {}

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
