package io.tokenwise.server;

import io.tokenwise.server.observe.Operation;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code POST /} and {@code /invocations}, as Hugging Face's inference endpoints and SageMaker call it: {@code {inputs, parameters}}, whose parameters may stand among the
 * fields as well. Answers as {@code /similarity} where the inputs have a {@code source_sentence}, as {@code /predict} where the model is one for images, else as {@code /embed}.
 */
final class HubRoute implements Route {
    private final ServedModels models;
    private final TeiEmbedRoute embed;
    private final TeiPredictRoute predict;

    HubRoute(ServedModels models, TeiEmbedRoute embed, TeiPredictRoute predict) {
        this.models = models;
        this.embed = embed;
        this.predict = predict;
    }

    @Override
    public CompletableFuture<Reply> handle(Exchange exchange) {
        return exchange.json().thenCompose(fields -> {
            Fields all = new Fields(withParameters(fields.json()));
            if (all.needed("inputs").has("source_sentence")) {
                return embed.similarity(exchange, exchange.observe(Operation.EMBED), all);
            }
            return model(all) instanceof ServedModel.Images
                    ? predict.predict(exchange, exchange.observe(Operation.PREDICT), all)
                    : embed.embed(exchange, exchange.observe(Operation.EMBED), all);
        });
    }

    private ServedModel model(Fields fields) {
        Optional<String> name = fields.text("model");
        return name.isPresent()
                ? models.find(name.get()).model()
                : models.all().iterator().next();
    }

    private static ObjectNode withParameters(ObjectNode request) {
        if (request.get("parameters") instanceof ObjectNode parameters) {
            request.setAll(parameters);
        }
        return request;
    }
}
