package io.tokenwise;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import java.util.Collections;
import java.util.List;

/**
 * Texts to embed, and how. Immutable: lists are copied.
 *
 * @param texts none of them null
 * @param budgets one for each text
 * @param inputType what the texts are to the model
 * @param longTexts what becomes of texts with more tokens than the model reads
 * @param deadline until when the vectors are wanted
 */
public record EmbedRequest(
        List<String> texts, List<Budget> budgets, InputType inputType, LongTexts longTexts, Deadline deadline) {
    /** @throws IllegalArgumentException if there are not as many budgets as texts */
    public EmbedRequest {
        if (budgets.size() != texts.size()) {
            throw new IllegalArgumentException(
                    "embed: " + texts.size() + " texts and " + budgets.size() + " budgets; give one for each");
        }
        texts = List.copyOf(texts);
        budgets = List.copyOf(budgets);
    }

    /** Texts as they are, at full budget, cut where they are too long, without a deadline. */
    public static EmbedRequest of(List<String> texts) {
        return new EmbedRequest(
                texts, Collections.nCopies(texts.size(), Budget.FULL), InputType.TEXT, LongTexts.CUT, Deadline.NONE);
    }

    /** One text; otherwise as {@link #of(List)}. */
    public static EmbedRequest of(String text) {
        return of(List.of(text));
    }

    /** The same budget for all texts. */
    public EmbedRequest withBudget(Budget budget) {
        return withBudgets(Collections.nCopies(texts.size(), budget));
    }

    /** A budget for each text. */
    public EmbedRequest withBudgets(List<Budget> newBudgets) {
        return new EmbedRequest(texts, newBudgets, inputType, longTexts, deadline);
    }

    public EmbedRequest as(InputType newInputType) {
        return new EmbedRequest(texts, budgets, newInputType, longTexts, deadline);
    }

    public EmbedRequest withLongTexts(LongTexts newLongTexts) {
        return new EmbedRequest(texts, budgets, inputType, newLongTexts, deadline);
    }

    public EmbedRequest withDeadline(Deadline newDeadline) {
        return new EmbedRequest(texts, budgets, inputType, longTexts, newDeadline);
    }
}
