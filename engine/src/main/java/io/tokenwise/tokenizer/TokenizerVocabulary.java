package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import java.util.Map;

/** Makes text of the tokens that a speech model writes by the decoder of a tokenizer.json. Immutable and thread-safe. */
public final class TokenizerVocabulary implements SpeechVocabulary {
    public static final String FILE = "tokenizer.json";

    /** Room for whatever stands around a text: none is read here. */
    private static final int MOST_TOKENS = 1 << 10;

    /** Of a token, of which a model may write hundreds: Llama's longest piece has 16. */
    private static final int MOST_CHARS = 1 << 10;

    private final Tokenizer tokenizer;

    private TokenizerVocabulary(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * Parses the bytes of a tokenizer.json.
     *
     * @param file the name to give it in messages
     * @throws BadFileException if it is no tokenizer that is read, has no token of some id, which a model might write, or a very long one
     */
    public static TokenizerVocabulary parse(String file, byte[] json) {
        Tokenizer tokenizer = Tokenizer.open(file, json, MOST_TOKENS);
        for (int id = 0; id < tokenizer.vocabularySize(); id++) {
            if (!tokenizer.has(id)) {
                throw new BadFileException(
                        file, "has no token " + id + "; ids must go from 0 to " + (tokenizer.vocabularySize() - 1));
            }
            int chars = tokenizer.tokens(new int[] {id}).getFirst().length();
            if (chars > MOST_CHARS) {
                throw new BadFileException(file, "token " + id + " has " + chars + " chars; it may have " + MOST_CHARS);
            }
        }
        return new TokenizerVocabulary(tokenizer);
    }

    /** The text of tokens as Hugging Face's library has it; special ones add nothing. */
    @Override
    public String decode(int... tokens) {
        return tokenizer.decode(tokens, false);
    }

    @Override
    public int size() {
        return tokenizer.vocabularySize();
    }

    @Override
    public Map<String, byte[]> files() {
        return Map.of(FILE, tokenizer.json());
    }
}
