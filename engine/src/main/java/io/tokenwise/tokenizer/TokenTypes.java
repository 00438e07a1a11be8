package io.tokenwise.tokenizer;

/** Which text of a pair a token is of, in the topmost byte of the number that stands for it: ids of words are below 2^24. */
public final class TokenTypes {
    /** How many there are. */
    public static final int MOST = 128;

    private static final int SHIFT = 24;

    private TokenTypes() {}

    /** An id with a type from 0 to 127; of type 0 it is the id itself. */
    public static int of(int id, int type) {
        return id | type << SHIFT;
    }

    /** The id without its type. */
    public static int id(int typed) {
        return typed & (1 << SHIFT) - 1;
    }

    /** The type. */
    public static int type(int typed) {
        return typed >>> SHIFT;
    }
}
