package io.tokenwise.server;

import io.tokenwise.api.Budget;
import io.tokenwise.serving.Answer;
import io.tokenwise.serving.BudgetRange;
import io.tokenwise.serving.Lane;
import io.tokenwise.serving.Request;
import io.tokenwise.serving.RequestQueue;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** The page's ways into the queue, where its inputs run alone and are watched. Thread-safe. */
final class PageLanes {
    /** By the names of the models; not changed once it is filled. */
    private final Map<String, Lane<Shaded>> lanes = new HashMap<>();

    PageLanes(ServedModels models, RequestQueue queue) {
        for (ServedModel model : models.all()) {
            switch (model) {
                case ServedModel.Texts texts -> {
                    Lane<float[]> plain = texts.text().lane();
                    var shaded = new ShadedModel(
                            plain.model(), texts.text().encoder().model());
                    lanes.put(texts.name(), queue.add(shaded, plain));
                }
                case ServedModel.Images images -> {
                    var shaded = new ShadedModel(
                            images.lane().model(), images.classifier().model());
                    lanes.put(images.name(), queue.add(shaded, images.lane()));
                }
                // Speech is asked for as all clients do.
                case ServedModel.Speech ignored -> {}
            }
        }
    }

    /** What the page wants to know: an input, and what it may cost. */
    record Ask(int[] input, Budget budget) {}

    /**
     * Runs inputs, accepted or refused as one, each alone and in their order.
     *
     * @param model the name of one for texts or images
     * @return failed as {@link Lane#submit} says
     */
    CompletableFuture<List<Shaded>> ask(Exchange exchange, String model, List<Ask> asks) {
        List<Request> requests = asks.stream()
                .map(ask -> new Request(ask.input(), exchange.deadline(), BudgetRange.pinned(ask.budget())))
                .toList();
        var answers = Together.all(lanes.get(model).submitAll(requests));
        exchange.cancelWhenGone(answers);
        return answers.thenApply(all -> all.stream().map(Answer::result).toList());
    }
}
