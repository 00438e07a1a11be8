package io.tokenwise.spring;

import io.tokenwise.EmbedRequest;
import io.tokenwise.InputType;
import io.tokenwise.LongTexts;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import java.util.List;
import java.util.Objects;
import org.springframework.ai.embedding.EmbeddingOptions;

/**
 * What one call asks for; what is null is as the {@link TokenwiseEmbeddingModel} has it.
 *
 * @param model the name of the only model there is, or null
 * @param dimensions as many as its vectors have, or as its config.json says that it was trained for ({@code matryoshka_dimensions}), or null
 * @param budget what each text may cost, or null
 * @param inputType what the texts are to the model, or null
 * @param longTexts what becomes of texts with more tokens than the model reads, or null
 * @param deadline until when the vectors are wanted, or null
 */
public record TokenwiseEmbeddingOptions(
        String model, Integer dimensions, Budget budget, InputType inputType, LongTexts longTexts, Deadline deadline)
        implements EmbeddingOptions {
    /** Nothing is asked for. */
    public static final TokenwiseEmbeddingOptions DEFAULT =
            new TokenwiseEmbeddingOptions(null, null, null, null, null, null);

    /**
     * {@return options with a budget alone}
     *
     * @param share of the dense model's time, 0 to 1
     */
    public static TokenwiseEmbeddingOptions budget(double share) {
        return DEFAULT.withBudget(Budget.of(share));
    }

    /**
     * {@return the same with another budget}
     *
     * @param newBudget of each text
     */
    public TokenwiseEmbeddingOptions withBudget(Budget newBudget) {
        return new TokenwiseEmbeddingOptions(model, dimensions, newBudget, inputType, longTexts, deadline);
    }

    /**
     * {@return the same for texts that are something else to the model}
     *
     * @param newInputType what they are
     */
    public TokenwiseEmbeddingOptions as(InputType newInputType) {
        return new TokenwiseEmbeddingOptions(model, dimensions, budget, newInputType, longTexts, deadline);
    }

    /**
     * {@return the same with another treatment of long texts}
     *
     * @param newLongTexts what becomes of texts with more tokens than the model reads
     */
    public TokenwiseEmbeddingOptions withLongTexts(LongTexts newLongTexts) {
        return new TokenwiseEmbeddingOptions(model, dimensions, budget, inputType, newLongTexts, deadline);
    }

    /**
     * {@return the same with a deadline}
     *
     * @param newDeadline until when the vectors are wanted
     */
    public TokenwiseEmbeddingOptions withDeadline(Deadline newDeadline) {
        return new TokenwiseEmbeddingOptions(model, dimensions, budget, inputType, longTexts, newDeadline);
    }

    @Override
    public String getModel() {
        return model;
    }

    @Override
    public Integer getDimensions() {
        return dimensions;
    }

    /** These, and where they say nothing the others. */
    TokenwiseEmbeddingOptions or(TokenwiseEmbeddingOptions others) {
        return new TokenwiseEmbeddingOptions(
                Objects.requireNonNullElse(model, others.model),
                Objects.requireNonNullElse(dimensions, others.dimensions),
                Objects.requireNonNullElse(budget, others.budget),
                Objects.requireNonNullElse(inputType, others.inputType),
                Objects.requireNonNullElse(longTexts, others.longTexts),
                Objects.requireNonNullElse(deadline, others.deadline));
    }

    /** What options that leave nothing open ask for. */
    EmbedRequest request(List<String> texts) {
        return EmbedRequest.of(texts)
                .withBudget(budget)
                .as(inputType)
                .withDimensions(dimensions)
                .withLongTexts(longTexts)
                .withDeadline(deadline);
    }
}
