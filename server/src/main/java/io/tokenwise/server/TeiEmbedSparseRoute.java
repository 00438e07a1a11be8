package io.tokenwise.server;

import io.tokenwise.SparseEncoder;
import io.tokenwise.SparseVector;
import io.tokenwise.Spent;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import io.tokenwise.server.observe.Operation;
import io.tokenwise.serving.Answer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import tools.jackson.core.JsonGenerator;

/**
 * Text-embeddings-inference's {@code POST /embed_sparse}: for each text its tokens that weigh something, {@code [{index, value}]}. What {@code prompt_name} calls a query is looked up where
 * the model has a table for queries, and what it says nothing of where the model's files say that this is one.
 */
final class TeiEmbedSparseRoute implements Route {
    private static final String INPUTS = "inputs";

    /** Of the network, by a query that is looked up. */
    private static final Spent NOTHING = new Spent(0, 0);

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
        var found = models.findOrFirst(exchange, fields.text("model"), ServedModel.Sparse.class);
        var texts = TeiTexts.read(exchange, observation, found, fields, fields, fields.needed(INPUTS), TeiInputs::name);
        CompletableFuture<List<Answer<SparseVector>>> vectors =
                found.model().looksUp(TeiTexts.prompt(fields, found.model()))
                        ? CompletableFuture.completedFuture(lookUp(
                                found.model().encoder(), texts.inputs().texts().ids(), exchange.deadline()))
                        : texts.vectors(exchange, found.model().lane(), texts.range());
        return vectors.thenApplyAsync(
                all -> texts.tell(
                        reply(exchange, all.stream().map(Answer::result).toList()), all),
                exchange.executor());
    }

    /** Costs next to nothing, so it waits for no other request. */
    private static List<Answer<SparseVector>> lookUp(SparseEncoder encoder, List<int[]> queries, Deadline deadline) {
        if (deadline.hasPassed()) {
            throw new DeadlineException("the deadline passed before the queries were looked up");
        }
        return queries.stream()
                .map(query -> new Answer<>(encoder.lookUp(query), Budget.FULL, NOTHING, 0, 0))
                .toList();
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
