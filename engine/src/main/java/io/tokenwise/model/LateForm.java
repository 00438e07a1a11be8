package io.tokenwise.model;

import java.util.List;

/**
 * How a model of late interaction (ColBERT) reads queries and documents.
 *
 * @param queryMark the token behind a query's first one, as the vocabulary has it; empty for none
 * @param documentMark the same of a document
 * @param queryTokens tokens of a query at most, and if it is expanded exactly
 * @param documentTokens tokens of a document at most
 * @param expands whether mask tokens follow a query, whose vectors count too
 * @param seesMasks whether these are seen by others, and by themselves
 * @param skipped tokens of documents whose vectors do not count, such as punctuation
 */
public record LateForm(
        String queryMark,
        String documentMark,
        int queryTokens,
        int documentTokens,
        boolean expands,
        boolean seesMasks,
        List<String> skipped) {
    public LateForm {
        skipped = List.copyOf(skipped);
    }
}
