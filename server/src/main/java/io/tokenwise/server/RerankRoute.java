package io.tokenwise.server;

import io.tokenwise.Reranker.Ranked;
import io.tokenwise.server.ServerOptions.Limits;
import io.tokenwise.serving.Answer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;

/**
 * {@code POST /v1/rerank} and {@code /v2/rerank}, as Jina and Cohere have it: {@code {model, query, documents, top_n}} in, the documents' places with their scores out, the best first.
 * Scores are between 0 and 1, by the logistic function.
 */
final class RerankRoute implements Route {
    private static final String DOCUMENTS = "documents";
    private static final String TEXT = "text";

    private final ServedModels models;
    private final Limits limits;

    RerankRoute(ServedModels models, Limits limits) {
        this.models = models;
        this.limits = limits;
    }

    @Override
    public CompletableFuture<Reply> handle(Exchange exchange) {
        Observation observation = Reranking.observe(exchange);
        return exchange.json().thenCompose(fields -> {
            var found = models.find(exchange, fields.neededText("model"), ServedModel.Scores.class);
            List<String> documents = documents(fields);
            int top = top(fields, documents.size());
            boolean withDocuments = fields.flag("return_documents").orElse(false);
            var reranking = Reranking.read(exchange, observation, found, fields, fields.neededText("query"), documents);
            return reranking
                    .scores(exchange)
                    .thenApplyAsync(answers -> reply(reranking, answers, top, withDocuments), exchange.executor());
        });
    }

    private static int top(Fields fields, int documents) {
        int top = fields.whole("top_n").orElse(documents);
        if (top < 1) {
            throw ApiError.field("top_n", "top_n must be a whole number from 1 on, or left out for all documents");
        }
        return top;
    }

    private List<String> documents(Fields fields) {
        JsonNode documents = fields.needed(DOCUMENTS);
        if (!documents.isArray() || documents.isEmpty()) {
            throw ApiError.field(
                    DOCUMENTS,
                    "documents must be an array of strings, or of objects with a text, is "
                            + (documents.isArray() ? "empty" : Json.kind(documents)));
        }
        if (documents.size() > limits.texts()) {
            throw ApiError.field(
                    DOCUMENTS,
                    "documents has " + documents.size() + " texts: at most " + limits.texts() + " in one request");
        }
        var texts = new ArrayList<String>(documents.size());
        for (int i = 0; i < documents.size(); i++) {
            JsonNode document = documents.get(i);
            String name = DOCUMENTS + "[" + i + "]";
            JsonNode text = document.isObject() ? document.path(TEXT) : document;
            texts.add(Fields.text(document.isObject() ? name + "." + TEXT : name, text));
        }
        return texts;
    }

    private static Reply reply(Reranking reranking, List<Answer<float[]>> answers, int top, boolean withDocuments) {
        List<Ranked> ranked = reranking.ranked(answers);
        List<Ranked> best = ranked.subList(0, Math.min(top, ranked.size()));
        return reranking.tell(
                Reply.json(200, Json.written(json -> write(json, reranking, best, withDocuments))), answers);
    }

    private static void write(JsonGenerator json, Reranking reranking, List<Ranked> best, boolean withDocuments) {
        json.writeStartObject();
        json.writeStringProperty("id", UUID.randomUUID().toString());
        json.writeStringProperty("model", reranking.model().name());
        json.writeArrayPropertyStart("results");
        for (Ranked ranked : best) {
            json.writeStartObject();
            json.writeNumberProperty("index", ranked.index());
            json.writeNumberProperty("relevance_score", (float) ranked.probability());
            if (withDocuments) {
                json.writeObjectPropertyStart("document");
                json.writeStringProperty(TEXT, ranked.text());
                json.writeEndObject();
            }
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeObjectPropertyStart("usage");
        json.writeNumberProperty("prompt_tokens", reranking.tokens());
        json.writeNumberProperty("total_tokens", reranking.tokens());
        json.writeEndObject();
        // Cohere's clients read what is billed.
        json.writeObjectPropertyStart("meta");
        json.writeObjectPropertyStart("billed_units");
        json.writeNumberProperty("search_units", 0);
        json.writeEndObject();
        json.writeEndObject();
        json.writeEndObject();
    }
}
