package io.tokenwise;

/** What becomes of a text with more tokens than the model reads. */
public enum LongTexts {
    /** Its end is left out; {@link Embedding#truncated} says so. */
    CUT,
    /**
     * It is split into parts, of as many tokens as the model has positions for but not within a word. The text's vector is the mean of the parts' vectors, weighted by their numbers of
     * tokens without special ones, and of length 1 if the model's are: what the sources of LangChain4j's in-process models mean to do. It costs what all parts cost.
     */
    SPLIT
}
