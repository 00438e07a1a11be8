package io.tokenwise.tokenizer;

/** Makes text of the tokens that a speech model writes. Immutable and thread-safe. */
public interface SpeechVocabulary {
    /** The text of tokens; those that stand for no text are left out. */
    String decode(int... tokens);

    /** Tokens that there are. */
    int size();
}
