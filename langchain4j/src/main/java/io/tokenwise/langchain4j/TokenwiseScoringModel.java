package io.tokenwise.langchain4j;

import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.scoring.ScoringModel;
import io.tokenwise.Reranker;
import io.tokenwise.Reranker.Ranked;
import io.tokenwise.api.Budget;
import java.util.List;
import java.util.Objects;

/**
 * A reranker as LangChain4j's scoring model: a query and texts in, a score from 0 to 1 for each out, computed in this process. That is the model's score by the logistic function
 * ({@link Ranked#probability}), so that a content aggregator's least score means what it does with others' models; for the model's own scores call {@link Reranker#scores}.
 *
 * <p>Thread-safe. The reranker stays the caller's, who closes it.
 */
public final class TokenwiseScoringModel implements ScoringModel {
    private final Reranker reranker;
    private final Budget budget;

    /**
     * Scores at full budget.
     *
     * @param reranker stays the caller's
     */
    public TokenwiseScoringModel(Reranker reranker) {
        this(reranker, Budget.FULL);
    }

    /**
     * Scores with one budget.
     *
     * @param reranker stays the caller's
     * @param budget of each text with the query
     */
    public TokenwiseScoringModel(Reranker reranker, Budget budget) {
        this.reranker = Objects.requireNonNull(reranker, "reranker");
        this.budget = Objects.requireNonNull(budget, "budget");
    }

    /**
     * {@return the scores of texts, in their order}
     *
     * @param segments to be compared with the query; of both the ends are cut if they are too long together
     * @param query what is looked for
     * @throws IllegalStateException if the reranker is closed
     */
    @Override
    public Response<List<Double>> scoreAll(List<TextSegment> segments, String query) {
        List<String> texts = segments.stream().map(TextSegment::text).toList();
        float[] scores = reranker.scores(query, texts, budget);
        var probabilities = new Double[scores.length];
        for (int i = 0; i < scores.length; i++) {
            probabilities[i] = new Ranked(i, texts.get(i), scores[i]).probability();
        }
        return Response.from(List.of(probabilities));
    }
}
