package io.tokenwise;

/** What a text is to the model. Models that were trained with different words before queries and passages, such as e5's, get them put there. */
public enum InputType {
    /** As it is; few models want anything before it too. */
    TEXT,
    /** What is searched with. */
    QUERY,
    /** What is to be found. */
    PASSAGE
}
