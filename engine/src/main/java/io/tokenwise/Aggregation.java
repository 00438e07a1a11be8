package io.tokenwise;

/** How labels of tokens become entities, as transformers' pipeline has it. */
public enum Aggregation {
    /** Neighbouring tokens of one label are an entity, whatever words they are of. */
    SIMPLE,
    /** A word has the label of its first token, and neighbouring words of one label are an entity: none begins or ends within a word. Not for languages without spaces. */
    FIRST
}
