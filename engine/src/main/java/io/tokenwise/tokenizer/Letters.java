package io.tokenwise.tokenizer;

/** What the patterns of tokenizers tell characters apart by. */
final class Letters {
    static final byte OTHER = 0;
    static final byte LETTER = 1;
    static final byte NUMBER = 2;
    static final byte SPACE = 3;

    private static final byte[] PLANE = plane();

    private Letters() {}

    private static byte[] plane() {
        byte[] kinds = new byte[0x10000];
        for (int c = 0; c < kinds.length; c++) {
            kinds[c] = find(c);
        }
        return kinds;
    }

    /** Of {@code \p{L}}, {@code \p{N}}, {@code \s} or none of them. */
    static byte kind(int c) {
        return c < 0x10000 ? PLANE[c] : find(c);
    }

    /** {@code \w} of Rust's regular expressions: letters, marks, digits, and what joins them (Unicode's UTS 18). */
    static boolean inWord(int c) {
        return switch (Character.getType(c)) {
            case Character.NON_SPACING_MARK,
                    Character.ENCLOSING_MARK,
                    Character.COMBINING_SPACING_MARK,
                    Character.DECIMAL_DIGIT_NUMBER,
                    Character.CONNECTOR_PUNCTUATION -> true;
            default -> Character.isAlphabetic(c) || c == 0x200C || c == 0x200D;
        };
    }

    private static byte find(int c) {
        return switch (Character.getType(c)) {
            case Character.UPPERCASE_LETTER,
                    Character.LOWERCASE_LETTER,
                    Character.TITLECASE_LETTER,
                    Character.MODIFIER_LETTER,
                    Character.OTHER_LETTER -> LETTER;
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> NUMBER;
            case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> SPACE;
            default -> c >= '\t' && c <= '\r' || c == 0x85 ? SPACE : OTHER;
        };
    }
}
