package io.tokenwise.tokenizer;

import java.text.Normalizer;
import java.text.Normalizer.Form;

/**
 * What Unicode 9 says of characters, by which Hugging Face's library makes normal forms and models were trained, from what Java knows of a newer one:
 * characters that were not there yet neither combine nor come apart.
 */
final class OldUnicode {
    /**
     * First and last of the 311 characters after Unicode 9, up to 16, that combine or come apart. Found by comparing Java's normalizer on every character with
     * the tables of the crate unicode-normalization-alignments 0.1.12 (n1t0/unicode-normalization 9ca6960, src/tables.rs).
     */
    private static final int[] NEWER = {
        0x7FD, 0x7FD, 0x897, 0x89F, 0x8CA, 0x8D3, 0x9FE, 0x9FE, 0xC3C, 0xC3C, 0xD3B, 0xD3C, 0xEBA, 0xEBA, 0x1715,
        0x1715, 0x1ABF, 0x1ACE, 0x1DF6, 0x1DFA, 0x32FF, 0x32FF, 0xA7F2, 0xA7F4, 0xA82C, 0xA82C, 0xAB69, 0xAB69, 0x105C9,
        0x105C9, 0x105E4, 0x105E4, 0x10781, 0x10785, 0x10787, 0x107B0, 0x107B2, 0x107BA, 0x10D24, 0x10D27, 0x10D69,
        0x10D6D, 0x10EAB, 0x10EAC, 0x10EFD, 0x10EFF, 0x10F46, 0x10F50, 0x10F82, 0x10F85, 0x11070, 0x11070, 0x1133B,
        0x1133B, 0x11383, 0x11383, 0x11385, 0x11385, 0x1138E, 0x1138E, 0x11391, 0x11391, 0x113C5, 0x113C5, 0x113C7,
        0x113C8, 0x113CE, 0x113D0, 0x1145E, 0x1145E, 0x11839, 0x1183A, 0x11938, 0x11938, 0x1193D, 0x1193E, 0x11943,
        0x11943, 0x119E0, 0x119E0, 0x11A34, 0x11A34, 0x11A47, 0x11A47, 0x11A99, 0x11A99, 0x11D42, 0x11D42, 0x11D44,
        0x11D45, 0x11D97, 0x11D97, 0x11F41, 0x11F42, 0x16121, 0x16128, 0x1612F, 0x1612F, 0x16D68, 0x16D6A, 0x16FF0,
        0x16FF1, 0x1CCD6, 0x1CCF9, 0x1E030, 0x1E06D, 0x1E08F, 0x1E08F, 0x1E130, 0x1E136, 0x1E2AE, 0x1E2AE, 0x1E2EC,
        0x1E2EF, 0x1E4EC, 0x1E4EF, 0x1E5EE, 0x1E5EF, 0x1F16C, 0x1F16C, 0x1FBF0, 0x1FBF9
    };

    /** One mark of each combining class, in their order. */
    private static final int[] CLASSES =
            ("\u0334\u093c\u3099\u094d\u05b0\u05b1\u05b2\u05b3\u05b4\u05b5\u05b6\u05b7\u05b8\u05b9\u05bb"
                            + "\u05bc\u05bd\u05bf\u05c1\u05c2\ufb1e\u064b\u064c\u064d\u0618\u0619\u061a\u0651\u0652\u0670\u0711\u0c55\u0c56\u0e38"
                            + "\u0e48\u0eb8\u0ec8\u0f71\u0f72\u0f74\u0321\u1dce\u031b\u302a\u0316\u059a\u302e\ud834\udd6d\u05ae\u0300\u0315\u035c"
                            + "\u035d\u0345")
                    .codePoints()
                    .toArray();

    /** Of characters below the last that combines. */
    private static final byte[] ORDERS = orders();

    private OldUnicode() {}

    private static byte[] orders() {
        var orders = new byte[0x1E94B];
        for (int c = 0x300; c < orders.length; c++) {
            orders[c] = (byte) (isMark(c) && !isNewer(c) ? orderOfMark(c) : 0);
        }
        return orders;
    }

    private static boolean isMark(int c) {
        return switch (Character.getType(c)) {
            case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.COMBINING_SPACING_MARK -> true;
            default -> false;
        };
    }

    /** Java tells no classes, but sets a mark before one of a greater class. */
    private static int orderOfMark(int c) {
        int last = CLASSES[CLASSES.length - 1];
        if (c != last && !goesBefore(c, last)) {
            return 0;
        }
        int low = 0;
        int high = CLASSES.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (goesBefore(c, CLASSES[middle])) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    private static boolean goesBefore(int c, int other) {
        return Normalizer.normalize(Character.toString(other) + Character.toString(c), Form.NFD)
                        .codePointAt(0)
                != other;
    }

    private static boolean isNewer(int c) {
        int at = 0;
        while (at < NEWER.length && NEWER[at + 1] < c) {
            at += 2;
        }
        return at < NEWER.length && NEWER[at] <= c;
    }

    /** Where a character stands in a row of those that combine: by its combining class; 0 if it does not combine. */
    static int order(int c) {
        return c < ORDERS.length ? ORDERS[c] : 0;
    }

    /** Whether a character may be put together with one before it, or change places with it: marks, vowels and last letters of Korean syllables. */
    static boolean joins(int c) {
        return isMark(c) || c >= 0x1160 && c <= 0x11FF;
    }

    /** What a character comes apart into, all the way. */
    static String decompose(int c, boolean compatible) {
        String whole = Character.toString(c);
        return isNewer(c) ? whole : Normalizer.normalize(whole, compatible ? Form.NFKD : Form.NFD);
    }

    /** The character that two are together, or -1. */
    static int compose(int c, int next) {
        if (!joins(next)) {
            return -1;
        }
        String both = Normalizer.normalize(Character.toString(c) + Character.toString(next), Form.NFC);
        int composed = both.codePointAt(0);
        return both.length() == Character.charCount(composed) && !isNewer(composed) ? composed : -1;
    }
}
