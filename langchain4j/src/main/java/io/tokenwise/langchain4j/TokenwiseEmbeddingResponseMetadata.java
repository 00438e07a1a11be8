package io.tokenwise.langchain4j;

import dev.langchain4j.model.embedding.response.EmbeddingResponseMetadata;
import dev.langchain4j.model.output.TokenUsage;
import io.tokenwise.Embedding;
import io.tokenwise.api.Budget;
import java.util.List;
import java.util.Objects;

/** What a {@link TokenwiseEmbeddingModel} says of a call beside LangChain4j's model name and token usage. Immutable, but for the vectors' arrays. */
public final class TokenwiseEmbeddingResponseMetadata extends EmbeddingResponseMetadata {
    private final Budget budget;
    private final List<Embedding> embeddings;

    TokenwiseEmbeddingResponseMetadata(String modelName, Budget budget, List<Embedding> embeddings) {
        super(EmbeddingResponseMetadata.builder().modelName(modelName).tokenUsage(usage(embeddings)));
        this.budget = budget;
        this.embeddings = List.copyOf(embeddings);
    }

    private static TokenUsage usage(List<Embedding> embeddings) {
        return new TokenUsage(embeddings.stream().mapToInt(Embedding::tokens).sum());
    }

    /** {@return what the texts were allowed to cost} */
    public Budget budget() {
        return budget;
    }

    /** {@return the engine's own results in the order of the inputs: tokens, whether the text was cut, and what it cost; vectors are those of the response} */
    public List<Embedding> embeddings() {
        return embeddings;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TokenwiseEmbeddingResponseMetadata that
                && super.equals(other)
                && budget.equals(that.budget)
                && embeddings.equals(that.embeddings);
    }

    @Override
    public int hashCode() {
        return Objects.hash(super.hashCode(), budget, embeddings);
    }
}
