package io.tokenwise.server;

import io.tokenwise.TextEncoder;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** {@code GET /v1/models} and {@code /v1/models/NAME}: OpenAI's fields, and what a client of vectors wants to know. */
final class ModelsRoute {
    private final ServedModels models;
    private final long created = Instant.now().getEpochSecond();

    ModelsRoute(ServedModels models) {
        this.models = models;
    }

    CompletableFuture<Reply> list(Exchange ignored) {
        List<Map<String, Object>> all =
                models.all().stream().map(this::described).toList();
        return CompletableFuture.completedFuture(Reply.json(Map.of("object", "list", "data", all)));
    }

    CompletableFuture<Reply> one(Exchange exchange) {
        return CompletableFuture.completedFuture(
                Reply.json(described(models.find(exchange.pathRest()).model())));
    }

    private Map<String, Object> described(ServedModel model) {
        var fields = new LinkedHashMap<String, Object>();
        fields.put("id", model.name());
        fields.put("object", "model");
        fields.put("created", created);
        fields.put("owned_by", "tokenwise");
        fields.put("kind", model.kind());
        switch (model) {
            case ServedModel.Texts texts -> {
                TextEncoder encoder = texts.text().encoder();
                fields.put("dimensions", encoder.dimensions());
                fields.put("max_tokens", encoder.maxTokens());
                fields.put("adaptive", encoder.isAdaptive());
            }
            case ServedModel.Sparse sparse -> {
                fields.put("dimensions", sparse.encoder().dimensions());
                fields.put("max_tokens", sparse.encoder().maxTokens());
                fields.put("adaptive", sparse.encoder().isAdaptive());
            }
            case ServedModel.Scores scores -> {
                fields.put("max_tokens", scores.reranker().maxTokens());
                fields.put("adaptive", scores.reranker().isAdaptive());
            }
            case ServedModel.Images images -> {
                fields.put("labels", images.labels());
                fields.put("adaptive", images.classifier().isAdaptive());
            }
            case ServedModel.Classes classes -> {
                fields.put("labels", classes.labels());
                fields.put("max_tokens", classes.classifier().maxTokens());
                fields.put("adaptive", classes.classifier().isAdaptive());
            }
            case ServedModel.Speech speech -> {
                fields.put("adaptive", speech.speech().recognizer().isAdaptive());
            }
        }
        return fields;
    }
}
