package io.tokenwise.server;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import io.tokenwise.server.observe.Operation;
import io.tokenwise.serving.Answer;
import io.tokenwise.serving.BudgetRange;
import io.tokenwise.serving.Lane;
import io.tokenwise.serving.RequestQueue;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Text-embeddings-inference's {@code POST /embed_all}: for each text the vectors of its tokens, the special ones included. At full budget only: with a smaller one tokens
 * leave, and those have no vector.
 */
final class TeiEmbedAllRoute implements Route {
    /** Of the answer, as {@code -0.01234567,}. */
    private static final int BYTES_PER_NUMBER = 12;

    private final ServedModels models;
    private final LargeAnswers answers;
    private final Map<String, Lane<float[][]>> lanes = new HashMap<>();

    TeiEmbedAllRoute(ServedModels models, RequestQueue queue, LargeAnswers answers) {
        this.models = models;
        this.answers = answers;
        for (ServedModel model : models.all()) {
            if (model instanceof ServedModel.Texts texts) {
                lanes.put(model.name(), lane(texts.text(), queue));
            }
        }
    }

    private static Lane<float[][]> lane(ServedText text, RequestQueue queue) {
        TextEncoder encoder = text.encoder();
        var tokens =
                new OtherResult<>(text.lane().model(), (inputs, budgets) -> TokenVectors.of(encoder.model(), inputs));
        return queue.add(tokens, text.lane());
    }

    @Override
    public CompletableFuture<Reply> handle(Exchange exchange) {
        Observation observation = exchange.observe(Operation.EMBED);
        return exchange.json().thenCompose(fields -> {
            var found = models.findOrFirst(exchange, fields.text("model"), ServedModel.Texts.class);
            var texts = TeiTexts.read(
                    exchange, observation, found, fields, fields, fields.needed("inputs"), TeiInputs::name);
            if (isLess(texts.asked()) && texts.model().text().encoder().isAdaptive()) {
                throw ApiError.field(
                        "budget",
                        "budget must be 1 or left out: with a smaller one tokens leave, and those have no vector");
            }
            int hidden = texts.model().model().encoder().hidden();
            answers.hold(
                    exchange, BYTES_PER_NUMBER * hidden * texts.inputs().texts().tokens());
            return run(exchange, texts);
        });
    }

    /** Of a server's usual budget, which is a number too, nobody has asked for less here. */
    private static boolean isLess(Optional<AskedBudget> asked) {
        return asked.isPresent() && asked.get() instanceof AskedBudget.Share share && share.share() < 1;
    }

    private CompletableFuture<Reply> run(Exchange exchange, TeiTexts<ServedModel.Texts> texts) {
        Lane<float[][]> lane = lanes.get(texts.model().name());
        return texts.vectors(exchange, lane, BudgetRange.pinned(Budget.FULL))
                .thenApplyAsync(
                        all -> texts.tell(
                                Reply.json(all.stream().map(Answer::result).toList()), all),
                        exchange.executor());
    }
}
