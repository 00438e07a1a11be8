package io.tokenwise.server;

import io.tokenwise.OpenModel;
import io.tokenwise.api.Budget;
import io.tokenwise.serving.Answer;
import io.tokenwise.serving.BudgetRange;
import io.tokenwise.serving.Lane;
import io.tokenwise.serving.Request;
import io.tokenwise.serving.RequestQueue;
import io.tokenwise.serving.ServedModel;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** The page's ways into the queue: a model gets one when the page first asks for it, because the queue then measures what it costs. Thread-safe. */
final class PageLanes {
    private final RequestQueue queue;
    private final Map<String, CompletableFuture<Lane<Shaded>>> lanes = new ConcurrentHashMap<>();

    PageLanes(RequestQueue queue) {
        this.queue = queue;
    }

    /** What the page wants to know: an input, and what it may cost. */
    record Ask(int[] input, Budget budget) {}

    /**
     * Runs inputs, accepted or refused as one, each alone and in their order.
     *
     * @param name that the model is served under
     * @return failed as {@link Lane#submit} says
     */
    CompletableFuture<List<Shaded>> ask(Exchange exchange, String name, OpenModel model, List<Ask> asks) {
        List<Request> requests = asks.stream()
                .map(ask -> new Request(ask.input(), exchange.deadline(), BudgetRange.pinned(ask.budget())))
                .toList();
        return lane(name, model).thenCompose(lane -> {
            var answers = Together.all(lane.submitAll(requests));
            exchange.cancelWhenGone(answers);
            return answers.thenApply(all -> all.stream().map(Answer::result).toList());
        });
    }

    private CompletableFuture<Lane<Shaded>> lane(String name, OpenModel model) {
        return lanes.computeIfAbsent(name, ignored -> {
            var lane = new CompletableFuture<Lane<Shaded>>();
            Thread.ofPlatform().daemon().name("tokenwise-page").start(() -> {
                try {
                    lane.complete(queue.add(new ShadedModel(new ServedModel(name, model), model)));
                } catch (Throwable e) {
                    lanes.remove(name, lane);
                    lane.completeExceptionally(e);
                }
            });
            return lane;
        });
    }
}
