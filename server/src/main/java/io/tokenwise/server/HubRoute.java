package io.tokenwise.server;

import io.tokenwise.server.observe.Operation;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;
import tools.jackson.databind.node.NullNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code POST /} and {@code /invocations}, as Hugging Face's inference endpoints and SageMaker call it: {@code {inputs, parameters}}, whose parameters may stand among the
 * fields as well. Answers as {@code /similarity} where the inputs have a {@code source_sentence}, as {@code /predict} where the model tells classes, as {@code /rerank} where it gives
 * scores, of a {@code query} with {@code texts}, as {@code /embed_sparse} where it gives sparse vectors, else as {@code /embed}.
 */
final class HubRoute implements Route {
    private final ServedModels models;
    private final TeiEmbedRoute embed;
    private final TeiEmbedSparseRoute sparse;
    private final TeiPredictRoute predict;
    private final TeiRerankRoute rerank;

    HubRoute(
            ServedModels models,
            TeiEmbedRoute embed,
            TeiEmbedSparseRoute sparse,
            TeiPredictRoute predict,
            TeiRerankRoute rerank) {
        this.models = models;
        this.embed = embed;
        this.sparse = sparse;
        this.predict = predict;
        this.rerank = rerank;
    }

    @Override
    public CompletableFuture<Reply> handle(Exchange exchange) {
        return exchange.json().thenCompose(fields -> {
            Fields all = new Fields(withParameters(fields.json()));
            if (all.any("inputs")
                    .filter(inputs -> inputs.has("source_sentence"))
                    .isPresent()) {
                return embed.similarity(exchange, exchange.observe(Operation.EMBED), all);
            }
            return switch (model(all)) {
                case ServedModel.Classifying ignored ->
                    predict.predict(exchange, exchange.observe(Operation.PREDICT), all);
                case ServedModel.Sparse ignored -> sparse.embed(exchange, exchange.observe(Operation.EMBED), all);
                case ServedModel.Scores ignored -> rerank.rerank(exchange, Reranking.observe(exchange), all);
                default -> embed.embed(exchange, exchange.observe(Operation.EMBED), all);
            };
        });
    }

    private ServedModel model(Fields fields) {
        Optional<String> name = fields.text("model");
        return name.isPresent()
                ? models.find(name.get()).model()
                : models.all().iterator().next();
    }

    private static ObjectNode withParameters(ObjectNode request) {
        JsonNode parameters = request.path("parameters");
        switch (parameters) {
            case ObjectNode object -> request.setAll(object);
            case MissingNode _, NullNode _ -> {}
            default -> throw ApiError.field("parameters", "parameters must be an object, is " + Json.kind(parameters));
        }
        return request;
    }
}
