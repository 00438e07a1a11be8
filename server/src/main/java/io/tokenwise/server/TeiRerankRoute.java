package io.tokenwise.server;

import io.tokenwise.Reranker.Ranked;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;

/** Text-embeddings-inference's {@code POST /rerank}: {@code {query, texts}} in, the texts' places with their scores out, the best first. */
final class TeiRerankRoute implements Route {
    private static final String TEXTS = "texts";

    private final ServedModels models;

    TeiRerankRoute(ServedModels models) {
        this.models = models;
    }

    @Override
    public CompletableFuture<Reply> handle(Exchange exchange) {
        Observation observation = Reranking.observe(exchange);
        return exchange.json().thenCompose(fields -> rerank(exchange, observation, fields));
    }

    CompletableFuture<Reply> rerank(Exchange exchange, Observation observation, Fields fields) {
        var found = models.findOrFirst(exchange, fields.text("model"), ServedModel.Scores.class);
        boolean raw = fields.flag("raw_scores").orElse(false);
        boolean withText = fields.flag("return_text").orElse(false);
        boolean truncate = fields.flag("truncate").orElse(true);
        fields.word("truncation_direction", List.of("right", "Right"));
        var reranking = Reranking.read(exchange, observation, found, fields, fields.neededText("query"), texts(fields));
        if (!truncate && reranking.truncated() > 0) {
            throw TeiInputs.wrong("`query` and a text must have "
                    + found.model().reranker().maxTokens() + " tokens together at most; " + reranking.truncated()
                    + " of `texts` would have to be cut");
        }
        return reranking
                .scores(exchange)
                .thenApplyAsync(
                        answers -> {
                            List<Ranked> ranked = reranking.ranked(answers);
                            Reply reply = reranking.tell(
                                    Reply.json(200, Json.written(json -> write(json, ranked, raw, withText))), answers);
                            return new TeiHeaders(observation, backend(found.model()), characters(reranking))
                                    .tell(reply);
                        },
                        exchange.executor());
    }

    private static void write(JsonGenerator json, List<Ranked> all, boolean raw, boolean withText) {
        json.writeStartArray();
        for (Ranked ranked : all) {
            json.writeStartObject();
            json.writeNumberProperty("index", ranked.index());
            if (withText) {
                json.writeStringProperty("text", ranked.text());
            }
            json.writeNumberProperty("score", raw ? ranked.score() : (float) ranked.probability());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private static List<String> texts(Fields fields) {
        JsonNode texts = fields.needed(TEXTS);
        if (!texts.isArray()) {
            throw ApiError.field(TEXTS, "texts must be an array of strings, is " + Json.kind(texts));
        }
        if (texts.isEmpty()) {
            throw TeiInputs.empty(TEXTS);
        }
        TeiInputs.checkSize(texts.size());
        var all = new ArrayList<String>(texts.size());
        for (int i = 0; i < texts.size(); i++) {
            all.add(Fields.text(TeiInputs.place(TEXTS, i), texts.get(i)));
        }
        return all;
    }

    private static String backend(ServedModel.Scores model) {
        return model.reranker().model().backend().name();
    }

    /** The query is read with each text. */
    private static int characters(Reranking reranking) {
        int query = reranking.query().codePointCount(0, reranking.query().length());
        return reranking.texts().stream()
                .mapToInt(text -> query + text.codePointCount(0, text.length()))
                .sum();
    }
}
