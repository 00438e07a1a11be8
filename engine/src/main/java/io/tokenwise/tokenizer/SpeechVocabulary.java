package io.tokenwise.tokenizer;

import java.util.Map;

/** Makes text of the tokens that a speech model writes. Immutable and thread-safe. */
public interface SpeechVocabulary {
    /** The text of tokens; those that stand for no text are left out. */
    String decode(int... tokens);

    /** Tokens that there are. */
    int size();

    /** What it was read from, by the names of files: to be written beside a model again. Not always copies. */
    Map<String, byte[]> files();
}
