package io.tokenwise.server;

import io.tokenwise.Reranker.Ranked;
import io.tokenwise.server.observe.Operation;
import io.tokenwise.serving.Answer;
import io.tokenwise.serving.BudgetRange;
import io.tokenwise.tokenizer.Tokenizer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/**
 * A query with its texts, once a request for their order is understood: what the endpoints of several makers have in common.
 *
 * @param pairs the query with each text, as the model reads them
 * @param truncated pairs that were too long, and were cut
 */
record Reranking(
        Observation observation,
        ServedModel.Scores model,
        String query,
        List<String> texts,
        List<int[]> pairs,
        int truncated,
        BudgetRange range) {
    /** Who asks waits for the answer, and keeps none of the scores: so it may float as a query does. */
    static Reranking read(
            Exchange exchange,
            Observation observation,
            ServedModels.Named<ServedModel.Scores> found,
            Fields fields,
            String query,
            List<String> texts) {
        long start = System.nanoTime();
        if (query.isEmpty()) {
            throw ApiError.field("query", "query is an empty string: give a text");
        }
        ServedModel.Scores model = found.model();
        AskedBudget budget = BudgetAsk.of(exchange, fields, found.budget())
                .orElse(model.defaults().budget());
        List<int[]> pairs = new ArrayList<>(texts.size());
        int truncated = 0;
        for (String text : texts) {
            Tokenizer.Encoded pair = model.reranker().encode(query, text);
            pairs.add(pair.ids());
            truncated += pair.truncated() ? 1 : 0;
        }
        observation.asked(model.name(), true, Duration.ofNanos(System.nanoTime() - start));
        return new Reranking(observation, model, query, texts, pairs, truncated, model.range(budget));
    }

    static Observation observe(Exchange exchange) {
        return exchange.observe(Operation.RERANK);
    }

    /** The scores, later: accepted as one or refused as one. */
    CompletableFuture<List<Answer<float[]>>> scores(Exchange exchange) {
        return Together.answers(exchange, model.lane(), pairs, range, exchange.deadline());
    }

    /** The texts with their scores, the greatest first; of equal ones that which came first. */
    List<Ranked> ranked(List<Answer<float[]>> answers) {
        return IntStream.range(0, answers.size())
                .mapToObj(i -> new Ranked(i, texts.get(i), answers.get(i).result()[0]))
                .sorted(Comparator.comparingDouble(Ranked::score).reversed())
                .toList();
    }

    long tokens() {
        return pairs.stream().mapToLong(pair -> pair.length).sum();
    }

    /** Adds what the answers cost to a reply. */
    Reply tell(Reply reply, List<Answer<float[]>> answers) {
        observation.answered(pairs.stream().map(pair -> pair.length).toList(), answers);
        return Costs.of(observation.inputs(), truncated).tell(reply);
    }
}
