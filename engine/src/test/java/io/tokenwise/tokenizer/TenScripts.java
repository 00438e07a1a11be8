package io.tokenwise.tokenizer;

import java.util.Random;

/** Sentences of random letters in ten scripts, with all that patterns tell apart: numbers, marks, odd white space, ends of lines, English contractions. */
final class TenScripts {
    /** First and last letters of Latin, Greek, Cyrillic, Hebrew, Arabic, Devanagari, Thai, Hangul, kana and Han, and beyond them of all planes. */
    private static final int[][] LETTERS = {
        {'a', 'z'},
        {'A', 'Z'},
        {0xC0, 0x24F},
        {0x370, 0x3FF},
        {0x400, 0x4FF},
        {0x5D0, 0x5EA},
        {0x620, 0x6D3},
        {0x900, 0x97F},
        {0xE01, 0xE5B},
        {0xAC00, 0xD7A3},
        {0x3041, 0x30FE},
        {0x4E00, 0x9FFF},
        {0x1F300, 0x1FAFF},
        {0x1D400, 0x1D7FF},
        {0x20000, 0x2A6DF}
    };

    private static final String[] BETWEEN = {
        " ", " ", " ", " ", "  ", "   ", "\n", "\r\n", " \n ", "\t", "\u00a0", "\u3000", "\u2028", "\u0085", ", ", ". ",
        "! ", "'s ", "'T ", "'re", "'LL ", "'ve", "'\u017f", " '", "(", ") ", "...\n\n", "-", "_", " #", "\u0301",
        "\u0303 ", "\u200d", "\ufe0f", "\u0000", "|", "/", ".\n/"
    };

    private static final String[] NUMBERS = {
        "1", "42", "1984", "1234567", "\u0663\u0664\u0665\u0666", "\u2167", "\u00bd", "\uff13\uff14\uff15\uff16"
    };

    private final Random random;

    TenScripts(long seed) {
        random = new Random(seed);
    }

    /** Up to 40 words; most of one are of one script. */
    String sentence() {
        var text = new StringBuilder();
        int[] usual = LETTERS[random.nextInt(LETTERS.length)];
        for (int words = random.nextInt(40); words > 0; words--) {
            int[] script = random.nextInt(4) == 0 ? LETTERS[random.nextInt(LETTERS.length)] : usual;
            if (random.nextInt(8) == 0) {
                text.append(NUMBERS[random.nextInt(NUMBERS.length)]);
            } else {
                for (int letters = random.nextInt(9); letters > 0; letters--) {
                    text.appendCodePoint(script[0] + random.nextInt(script[1] + 1 - script[0]));
                }
            }
            text.append(BETWEEN[random.nextInt(BETWEEN.length)]);
        }
        return text.toString();
    }
}
