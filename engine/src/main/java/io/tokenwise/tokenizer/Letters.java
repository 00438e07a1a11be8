package io.tokenwise.tokenizer;

/** What the patterns of tokenizers tell characters apart by. */
final class Letters {
    static final byte OTHER = 0;
    static final byte LETTER = 1;
    static final byte NUMBER = 2;
    static final byte SPACE = 3;

    /** Upper and title case. */
    static final int UPPER = 1;

    static final int LOWER = 2;

    /** What has no case, and so may stand where either is wanted: other letters, and marks. */
    static final int EITHER = UPPER | LOWER;

    private static final int KIND = 3;
    private static final int CASE_SHIFT = 2;

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
    static int kind(int c) {
        return entry(c) & KIND;
    }

    /** {@link #UPPER}, {@link #LOWER} or {@link #EITHER}; 0 of what is no letter and no mark. */
    static int cases(int c) {
        return entry(c) >> CASE_SHIFT;
    }

    private static byte entry(int c) {
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
            case Character.UPPERCASE_LETTER, Character.TITLECASE_LETTER -> LETTER | UPPER << CASE_SHIFT;
            case Character.LOWERCASE_LETTER -> LETTER | LOWER << CASE_SHIFT;
            case Character.MODIFIER_LETTER, Character.OTHER_LETTER -> LETTER | EITHER << CASE_SHIFT;
            case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.COMBINING_SPACING_MARK ->
                OTHER | EITHER << CASE_SHIFT;
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> NUMBER;
            case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> SPACE;
            default -> c >= '\t' && c <= '\r' || c == 0x85 ? SPACE : OTHER;
        };
    }
}
