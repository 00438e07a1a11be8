package io.tokenwise.model;

import java.util.List;

/**
 * How a model of late interaction (ColBERT) reads queries and documents.
 *
 * @param queryMark the token behind a query's first one, as the vocabulary has it; empty for none
 * @param documentMark the same of a document
 * @param queryTokens tokens of a query at most
 * @param documentTokens tokens of a document at most
 * @param filledTokens up to how many tokens a shorter query is followed by masks, whose vectors count too; 0 if it is not
 * @param seesMasks whether these are seen by others, and by themselves
 * @param skipped tokens of documents whose vectors do not count, such as punctuation
 * @param named whether queries and documents each have the prompt of their name, as MultiVectorEncoder has it; else the usual one stands before both
 * @param withoutFirst whether the first token's vector, that of the mark before a text, counts neither in queries nor in documents
 */
public record LateForm(
        String queryMark,
        String documentMark,
        int queryTokens,
        int documentTokens,
        int filledTokens,
        boolean seesMasks,
        List<String> skipped,
        boolean named,
        boolean withoutFirst) {
    public LateForm {
        skipped = List.copyOf(skipped);
    }

    /** Whether mask tokens follow a short query. */
    public boolean expands() {
        return filledTokens > 0;
    }

    /**
     * What stands before texts of a kind, possibly empty.
     *
     * @param kind query or document
     */
    public String prompt(Prompts prompts, String kind) {
        return named ? prompts.byName().getOrDefault(kind, "") : prompts.text();
    }
}
