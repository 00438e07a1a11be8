package io.tokenwise.server;

import io.tokenwise.server.observe.Metrics;
import io.tokenwise.server.observe.Operation;
import io.tokenwise.serving.RequestQueue;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** The endpoints of text-embeddings-inference 1.9, and {@code POST /} of Hugging Face's inference endpoints. */
final class TeiRoutes {
    private TeiRoutes() {}

    static void add(Routes routes, ServedModels models, RequestQueue queue, ServerState state, ImageDecoding decoding) {
        var embed = new TeiEmbedRoute(models);
        var answers = LargeAnswers.ofTheHeap();
        var tokens = new TeiTokenizeRoute(models, answers);
        var predict = new TeiPredictRoute(models, decoding);
        var rerank = new TeiRerankRoute(models);
        var sparse = new TeiEmbedSparseRoute(models, answers);
        var hub = new HubRoute(models, embed, sparse, predict, rerank);
        var info = new TeiInfoRoute(models, queue.options());
        routes.add("POST", "/embed", ErrorForm.TEI, embed::embed)
                .add("POST", "/embed_all", ErrorForm.TEI, new TeiEmbedAllRoute(models, queue, answers))
                .add("POST", "/similarity", ErrorForm.TEI, embed::similarity)
                .add("POST", "/tokenize", ErrorForm.TEI, tokens::tokenize)
                .add("POST", "/decode", ErrorForm.TEI, tokens::decode)
                .add("POST", "/predict", ErrorForm.TEI, predict::predict)
                .add("POST", "/", ErrorForm.TEI, hub)
                .add("POST", "/invocations", ErrorForm.TEI, hub)
                .add("GET", "/info", ErrorForm.TEI, info::info)
                .add("POST", "/rerank", ErrorForm.TEI, rerank)
                .add(
                        "POST",
                        "/embed_sparse",
                        ErrorForm.TEI,
                        models.first(ServedModel.Sparse.class).isPresent()
                                ? sparse
                                : cannot("Model is not an embedding model with SPLADE pooling"));
        for (String path : List.of("/health", "/ping")) {
            routes.addOpen("GET", path, ErrorForm.TEI, exchange -> health(state));
        }
    }

    /** What no model here can do, in text-embeddings-inference's words for it. */
    private static Route cannot(String why) {
        return exchange -> {
            exchange.observe(Operation.EMBED);
            // HTTP/2 would cut a request off that nobody has read, and some clients then do not see the answer.
            return exchange.json().thenApply(fields -> {
                throw ApiError.of(424, "Backend error: " + why).withCode(Observation.MODEL_TYPE);
            });
        };
    }

    private static CompletableFuture<Reply> health(ServerState state) {
        if (state.isDraining()) {
            throw ApiError.of(503, "unhealthy");
        }
        return CompletableFuture.completedFuture(Reply.text("text/plain", ""));
    }

    /** {@code GET /metrics}, for Prometheus. */
    static Route metrics(Metrics metrics) {
        return exchange -> CompletableFuture.completedFuture(Reply.text(Metrics.CONTENT_TYPE, metrics.text()));
    }
}
