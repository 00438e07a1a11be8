package io.tokenwise.tokenizer;

import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** Texts in which all characters stand; the library takes minutes for them. */
final class EveryCharacter {
    /** Above, where most are ideographs or no characters, each of so many is enough for a usual run. */
    private static final int LAST_OF_ALL = 0x3400;

    private static final int STEP = Boolean.getBoolean("tokenwise.long") ? 1 : 64;
    private static final int MOST_CHARS = 2_000;

    private EveryCharacter() {}

    /** Gives one text after another, made of what {@code around} makes of each character. */
    static void forEachText(UnaryOperator<String> around, Consumer<String> texts) {
        var text = new StringBuilder();
        for (int c = 0; c <= Character.MAX_CODE_POINT; c += c < LAST_OF_ALL ? 1 : STEP) {
            if (Character.getType(c) != Character.SURROGATE) {
                text.append(around.apply(Character.toString(c)));
            }
            if (text.length() > MOST_CHARS || c + STEP > Character.MAX_CODE_POINT) {
                texts.accept(text.toString());
                text.setLength(0);
            }
        }
    }
}
