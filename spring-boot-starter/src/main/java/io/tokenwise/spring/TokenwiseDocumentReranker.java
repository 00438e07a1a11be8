package io.tokenwise.spring;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.tokenwise.Reranker;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import java.time.Duration;
import java.util.List;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.observation.DefaultEmbeddingModelObservationConvention;
import org.springframework.ai.observation.conventions.AiObservationAttributes;

/**
 * A {@link Reranker} for Spring AI's documents, such as those that a vector store has found. Spring AI has no interface of its own for this; where its RAG module wants a {@code DocumentPostProcessor}, that is {@code (query,
 * documents) -> reranker.rerank(query.text(), documents, 5)}. Thread-safe; the reranker is its caller's to close.
 *
 * <p>A document's text alone is compared, not its metadata, among which vector stores put distances. Calls are observed by the names that Spring AI has for calls of models.
 */
public final class TokenwiseDocumentReranker {
    private static final String OPERATION = "rerank";

    private final Reranker reranker;
    private final Settings settings;

    /**
     * What holds for all calls.
     *
     * @param budget of each document with the query
     * @param timeout of a call; null for none
     * @param observations who is told of calls
     */
    public record Settings(Budget budget, Duration timeout, ObservationRegistry observations) {
        /** Full budget, no timeout, nobody told. */
        public static final Settings DEFAULT = new Settings(Budget.FULL, null, ObservationRegistry.NOOP);
    }

    /**
     * Reranks with a reranker.
     *
     * @param reranker its caller's to close
     * @param settings what holds for all calls
     * @throws IllegalArgumentException if the budget is one that the model cannot keep
     */
    public TokenwiseDocumentReranker(Reranker reranker, Settings settings) {
        reranker.model().requireKept(settings.budget());
        this.reranker = reranker;
        this.settings = settings;
    }

    /**
     * {@return the documents that answer a query best, the best first; of equal ones that which was given first} Each has as its score the model's by the logistic function, from 0 to 1.
     *
     * @param query what is looked for
     * @param documents with texts; of a query and a text that are too long together the longer one is cut
     * @param top how many are wanted at most
     * @throws IllegalArgumentException if fewer than none are wanted
     * @throws NullPointerException if a document has no text
     * @throws IllegalStateException if the reranker is closed, or if the thread is interrupted while it waits for its turn or between two batches
     * @throws io.tokenwise.api.DeadlineException if the timeout passes before the last batch begins; on a virtual thread as soon as it passes
     */
    public List<Document> rerank(String query, List<Document> documents, int top) {
        Deadline deadline = settings.timeout() == null ? Deadline.NONE : Deadline.in(settings.timeout());
        List<String> texts = documents.stream().map(Document::getText).toList();
        return observation()
                .observe(() -> reranker.rank(query, texts, top, settings.budget(), deadline).stream()
                        .map(ranked -> scored(documents.get(ranked.index()), ranked.probability()))
                        .toList());
    }

    private static Document scored(Document document, double score) {
        Document copy = document.mutate().score(score).build();
        // Which mutate leaves out.
        copy.setContentFormatter(document.getContentFormatter());
        return copy;
    }

    /** With the keys that embeddings have: meters of one name want the same. */
    private Observation observation() {
        String name = reranker.name();
        return Observation.createNotStarted(
                        DefaultEmbeddingModelObservationConvention.DEFAULT_NAME, settings.observations())
                .contextualName(OPERATION + " " + name)
                .lowCardinalityKeyValue(AiObservationAttributes.AI_OPERATION_TYPE.value(), OPERATION)
                .lowCardinalityKeyValue(AiObservationAttributes.AI_PROVIDER.value(), TokenwiseEmbeddingModel.PROVIDER)
                .lowCardinalityKeyValue(AiObservationAttributes.REQUEST_MODEL.value(), name)
                .lowCardinalityKeyValue(AiObservationAttributes.RESPONSE_MODEL.value(), name);
    }
}
