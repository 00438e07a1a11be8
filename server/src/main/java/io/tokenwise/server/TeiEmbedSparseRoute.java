package io.tokenwise.server;

import io.tokenwise.SparseVector;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.server.observe.Operation;
import io.tokenwise.serving.Answer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;

/**
 * Text-embeddings-inference's {@code POST /embed_sparse}: for each text its tokens that weigh something, {@code [{index, value}]}. What {@code prompt_name} calls a query is looked up where
 * the model has a table for queries.
 */
final class TeiEmbedSparseRoute implements Route {
    private static final String INPUTS = "inputs";

    /** Of the answer, as <code>{"index":12345,"value":0.12345678},</code>. */
    private static final int BYTES_PER_WEIGHT = 36;

    private final ServedModels models;
    private final LargeAnswers answers;

    TeiEmbedSparseRoute(ServedModels models, LargeAnswers answers) {
        this.models = models;
        this.answers = answers;
    }

    @Override
    public CompletableFuture<Reply> handle(Exchange exchange) {
        Observation observation = exchange.observe(Operation.EMBED);
        return exchange.json().thenCompose(fields -> embed(exchange, observation, fields));
    }

    CompletableFuture<Reply> embed(Exchange exchange, Observation observation, Fields fields) {
        var found = models.findOrFirst(fields.text("model"), ServedModel.Sparse.class);
        boolean isQuery = TeiTexts.prompt(fields, found.model()).equals(Optional.of(TeiTexts.QUERY));
        if (isQuery && found.model().encoder().looksQueriesUp()) {
            // It costs nothing of a budget, but a wrong one is wrong here too.
            BudgetAsk.of(exchange, fields, found.budget());
            return CompletableFuture.completedFuture(lookUp(exchange, observation, found.model(), fields));
        }
        var texts = TeiTexts.read(exchange, observation, found, fields, fields, fields.needed(INPUTS));
        return texts.vectors(exchange, found.model().lane(), texts.range())
                .thenApplyAsync(
                        all -> texts.tell(
                                reply(exchange, all.stream().map(Answer::result).toList()), all),
                        exchange.executor());
    }

    /** Costs next to nothing, so it waits for no other request. */
    private Reply lookUp(Exchange exchange, Observation observation, ServedModel.Sparse model, Fields fields) {
        long start = System.nanoTime();
        JsonNode inputs = fields.needed(INPUTS);
        var queries = new ArrayList<String>();
        if (inputs.isArray()) {
            TeiInputs.checkSize(inputs.size());
            inputs.forEach(query -> queries.add(Fields.text(INPUTS, query)));
        } else {
            queries.add(Fields.text(INPUTS, inputs));
        }
        if (queries.isEmpty() || queries.contains("")) {
            throw TeiInputs.empty(INPUTS);
        }
        if (!fields.flag("truncate").orElse(true)) {
            queries.forEach(query -> requireWhole(model, query));
        }
        List<SparseVector> vectors = model.encoder().embedQueries(queries, Budget.FULL, Deadline.NONE);
        observation.asked(model.name(), inputs.isArray(), Duration.ofNanos(System.nanoTime() - start));
        return reply(exchange, vectors);
    }

    /** That nothing of a query would be cut. */
    private static void requireWhole(ServedModel.Sparse model, String query) {
        int most = model.description().queries().orElseThrow().maxTokens();
        int tokens = model.tokenizer().encodeAll(model.description().queryPrefix() + query).length;
        if (tokens > most) {
            throw TeiInputs.wrong("`inputs` must have less than " + most + " tokens. Given: " + tokens);
        }
    }

    private Reply reply(Exchange exchange, List<SparseVector> vectors) {
        answers.hold(
                exchange,
                BYTES_PER_WEIGHT
                        * vectors.stream()
                                .mapToLong(vector -> vector.ids().length)
                                .sum());
        return Reply.json(200, Json.written(json -> {
            json.writeStartArray();
            vectors.forEach(vector -> write(json, vector));
            json.writeEndArray();
        }));
    }

    private static void write(JsonGenerator json, SparseVector vector) {
        json.writeStartArray();
        for (int i = 0; i < vector.ids().length; i++) {
            json.writeStartObject();
            json.writeNumberProperty("index", vector.ids()[i]);
            json.writeNumberProperty("value", vector.weights()[i]);
            json.writeEndObject();
        }
        json.writeEndArray();
    }
}
