package io.tokenwise.spring;

import io.tokenwise.api.Budget;
import org.springframework.ai.embedding.EmbeddingOptions;

/**
 * What one call asks for; what is null is as the {@link TokenwiseEmbeddingModel} has it.
 *
 * @param model the name of the only model there is, or null
 * @param dimensions as many as its vectors have, or null
 * @param budget what each text may cost, or null
 */
public record TokenwiseEmbeddingOptions(String model, Integer dimensions, Budget budget) implements EmbeddingOptions {
    /** Nothing is asked for. */
    public static final TokenwiseEmbeddingOptions DEFAULT = new TokenwiseEmbeddingOptions(null, null, null);

    /** The given share of the dense model's time. */
    public static TokenwiseEmbeddingOptions budget(double share) {
        return DEFAULT.withBudget(Budget.of(share));
    }

    public TokenwiseEmbeddingOptions withBudget(Budget newBudget) {
        return new TokenwiseEmbeddingOptions(model, dimensions, newBudget);
    }

    @Override
    public String getModel() {
        return model;
    }

    @Override
    public Integer getDimensions() {
        return dimensions;
    }
}
