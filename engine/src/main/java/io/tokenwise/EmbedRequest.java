package io.tokenwise;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Texts to embed, and how. Immutable: lists are copied.
 *
 * @param texts none of them null
 * @param budgets one for each text
 * @param inputType what the texts are to the model
 * @param prompt the name of one of the model's prompts, which is then put before the texts whatever they are; often none is named
 * @param dimensions how many of a vector's first values are wanted; all if nothing is said
 * @param longTexts what becomes of texts with more tokens than the model reads
 * @param deadline until when the vectors are wanted
 */
public record EmbedRequest(
        List<String> texts,
        List<Budget> budgets,
        InputType inputType,
        Optional<String> prompt,
        OptionalInt dimensions,
        LongTexts longTexts,
        Deadline deadline) {
    /**
     * Checks and copies the texts.
     *
     * @throws IllegalArgumentException if there are not as many budgets as texts
     * @throws NullPointerException if a text is null; the message names the first; or if anything else is, by its name
     */
    public EmbedRequest {
        if (budgets.size() != texts.size()) {
            throw new IllegalArgumentException(
                    "embed: " + texts.size() + " texts and " + budgets.size() + " budgets; give one for each");
        }
        NullTexts.refuse("embed", texts);
        budgets.forEach(budget -> Objects.requireNonNull(budget, "budget"));
        Objects.requireNonNull(inputType, "inputType");
        Objects.requireNonNull(prompt, "prompt");
        Objects.requireNonNull(dimensions, "dimensions");
        Objects.requireNonNull(longTexts, "longTexts");
        Objects.requireNonNull(deadline, "deadline");
        texts = List.copyOf(texts);
        budgets = List.copyOf(budgets);
    }

    /**
     * {@return a request for texts as they are, at full budget, cut where they are too long, without a deadline}
     *
     * @param texts none of them null
     */
    public static EmbedRequest of(List<String> texts) {
        return new EmbedRequest(
                texts,
                Collections.nCopies(texts.size(), Budget.FULL),
                InputType.TEXT,
                Optional.empty(),
                OptionalInt.empty(),
                LongTexts.CUT,
                Deadline.NONE);
    }

    /**
     * {@return a request for one text, otherwise as {@link #of(List)}}
     *
     * @param text not null
     */
    public static EmbedRequest of(String text) {
        return of(Collections.singletonList(text));
    }

    /**
     * {@return the same with one budget for all texts}
     *
     * @param budget of each text
     */
    public EmbedRequest withBudget(Budget budget) {
        return withBudgets(Collections.nCopies(texts.size(), budget));
    }

    /**
     * {@return the same with a budget for each text}
     *
     * @param newBudgets in the order of the texts, as many
     * @throws IllegalArgumentException if there are not as many budgets as texts
     */
    public EmbedRequest withBudgets(List<Budget> newBudgets) {
        return new EmbedRequest(texts, newBudgets, inputType, prompt, dimensions, longTexts, deadline);
    }

    /**
     * {@return the same with the words before the texts that the model wants, if any, in the place of a prompt that was named}
     *
     * @param newInputType what the texts are to the model
     */
    public EmbedRequest as(InputType newInputType) {
        return new EmbedRequest(texts, budgets, newInputType, Optional.empty(), dimensions, longTexts, deadline);
    }

    /**
     * {@return the same with one of the model's prompts before the texts}
     *
     * @param name what config_sentence_transformers.json calls it, such as {@code clustering}; a name that the model does not have fails when texts are embedded
     */
    public EmbedRequest withPrompt(String name) {
        return new EmbedRequest(
                texts,
                budgets,
                inputType,
                Optional.of(Objects.requireNonNull(name, "name")),
                dimensions,
                longTexts,
                deadline);
    }

    /**
     * {@return the same for vectors of fewer values; see {@link TextEncoder#withDimensions}}
     *
     * @param count of a vector's first values; one that the model does not give fails when texts are embedded
     */
    public EmbedRequest withDimensions(int count) {
        return new EmbedRequest(texts, budgets, inputType, prompt, OptionalInt.of(count), longTexts, deadline);
    }

    /**
     * {@return the same with another treatment of long texts}
     *
     * @param newLongTexts what becomes of texts with more tokens than the model reads
     */
    public EmbedRequest withLongTexts(LongTexts newLongTexts) {
        return new EmbedRequest(texts, budgets, inputType, prompt, dimensions, newLongTexts, deadline);
    }

    /**
     * {@return the same with a deadline}
     *
     * @param newDeadline until when the vectors are wanted
     */
    public EmbedRequest withDeadline(Deadline newDeadline) {
        return new EmbedRequest(texts, budgets, inputType, prompt, dimensions, longTexts, newDeadline);
    }
}
