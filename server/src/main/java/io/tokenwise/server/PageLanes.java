package io.tokenwise.server;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.serving.Answer;
import io.tokenwise.serving.BudgetRange;
import io.tokenwise.serving.Lane;
import io.tokenwise.serving.Request;
import io.tokenwise.serving.RequestQueue;
import io.tokenwise.session.OpenModel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/** The page's ways into the queue, where its inputs run alone and are watched. Thread-safe. */
final class PageLanes {
    /** By the names of the models; not changed once it is filled. */
    private final Map<String, Lane<Shaded>> lanes = new HashMap<>();

    PageLanes(ServedModels models, RequestQueue queue) {
        for (ServedModel model : models.all()) {
            switch (model) {
                case ServedModel.Texts texts ->
                    lanes.put(
                            texts.name(),
                            lane(
                                    queue,
                                    texts.text().lane(),
                                    texts.text().encoder().model()));
                case ServedModel.Images images ->
                    lanes.put(
                            images.name(),
                            lane(queue, images.lane(), images.classifier().model()));
                // Speech is asked for as all clients do; the others have no place on the page.
                case ServedModel.Speech ignored -> {}
                case ServedModel.Sparse ignored -> {}
                case ServedModel.Scores ignored -> {}
                case ServedModel.Classes ignored -> {}
            }
        }
    }

    /** @param plain the same model as other requests use it */
    private static Lane<Shaded> lane(RequestQueue queue, Lane<?> plain, OpenModel model) {
        var shaded = new OtherResult<>(
                plain.model(),
                (inputs, budgets) -> IntStream.range(0, inputs.size())
                        .mapToObj(i ->
                                Shaded.of(model, inputs.get(i), plain.model().tokens(inputs.get(i)), budgets.get(i)))
                        .toList());
        return queue.add(shaded, plain);
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
        Deadline deadline = exchange.deadline();
        List<Request> requests = asks.stream()
                .map(ask -> new Request(ask.input(), deadline, BudgetRange.pinned(ask.budget())))
                .toList();
        var answers = Together.all(lanes.get(model).submitAll(requests));
        exchange.cancelWhenGone(answers);
        return answers.thenApply(all -> all.stream().map(Answer::result).toList());
    }
}
