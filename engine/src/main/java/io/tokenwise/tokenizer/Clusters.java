package io.tokenwise.tokenizer;

/**
 * Where Unicode's extended grapheme clusters end (UAX 29 of Unicode 16, which Java and Hugging Face's library have), for {@link Charsmap}, which asks for
 * those of at most five bytes: flags are longer, so their rule is left out.
 */
final class Clusters {
    private static final int ZERO_WIDTH_JOINER = 0x200D;

    /** How far a conjunct of Indic consonants is: one was there, and after it what links it to the next. */
    private static final int NO_CONJUNCT = 0;

    private static final int CONSONANT = 1;
    private static final int LINKED = 2;

    /** First and last consonants of those scripts: Devanagari, Bengali, Gujarati, Oriya, Telugu, Malayalam. */
    private static final char[] CONSONANTS =
            ("\u0915\u0939\u0958\u095f\u0978\u097f\u0995\u09a8\u09aa\u09b0\u09b2\u09b2\u09b6\u09b9\u09dc\u09dd\u09df\u09df\u09f0\u09f1"
                            + "\u0a95\u0aa8\u0aaa\u0ab0\u0ab2\u0ab3\u0ab5\u0ab9\u0af9\u0af9"
                            + "\u0b15\u0b28\u0b2a\u0b30\u0b32\u0b33\u0b35\u0b39\u0b5c\u0b5d\u0b5f\u0b5f\u0b71\u0b71"
                            + "\u0c15\u0c28\u0c2a\u0c39\u0c58\u0c5a\u0d15\u0d3a")
                    .toCharArray();

    /** What combines and has a width, but joins as marks do that have none. */
    private static final String WIDE_EXTENDS =
            "\u09be\u09d7\u0b3e\u0b57\u0bbe\u0bd7\u0cc0\u0cc2\u0cc7\u0cc8\u0cca\u0ccb\u0cd5\u0cd6\u0d3e\u0d57\u0dcf\u0ddf"
                    + "\u1715\u1734\u1b35\u1b3b\u1b3d\u1b43\u1b44\u1baa\u1bf2\u1bf3\u302e\u302f\ua953\ua9c0"
                    + "\ud804\uddc0\ud804\ude35\ud804\udf3e\ud804\udf4d\ud804\udf57\ud804\udfb8\ud804\udfc2\ud804\udfc5"
                    + "\ud804\udfc7\ud804\udfc8\ud804\udfc9\ud804\udfcf\ud805\udcb0\ud805\udcbd\ud805\uddaf\ud805\udeb6"
                    + "\ud806\udd30\ud806\udd3d\ud807\udf41\ud81b\udff0\ud81b\udff1\ud834\udd65\ud834\udd66\ud834\udd6d"
                    + "\ud834\udd6e\ud834\udd6f\ud834\udd70\ud834\udd71\ud834\udd72";

    private Clusters() {}

    /** The end of the cluster that begins at a char. */
    static int end(Normalized text, int at) {
        int c = text.codePointAt(at);
        int end = at + Character.charCount(c);
        if (c == '\r' && end < text.length() && text.charAt(end) == '\n') {
            return end + 1;
        }
        if (breaksAround(c)) {
            return end;
        }
        boolean pictograph = Character.isExtendedPictographic(c);
        int conjunct = conjunct(NO_CONJUNCT, c);
        for (int before = c; end < text.length(); ) {
            int next = text.codePointAt(end);
            boolean joins = joinsTheOneBefore(next)
                    || isPrepended(before) && !breaksAround(next)
                    || before == ZERO_WIDTH_JOINER && pictograph && Character.isExtendedPictographic(next)
                    || conjunct == LINKED && isConsonant(next)
                    || isOneSyllable(before, next);
            if (!joins) {
                break;
            }
            pictograph = Character.isExtendedPictographic(next) || pictograph && isExtend(next);
            conjunct = conjunct(conjunct, next);
            before = next;
            end += Character.charCount(next);
        }
        return end;
    }

    /** Whether a character is sure to be the begin of a cluster, whatever is before it, but a prepended one. */
    static boolean isPlain(int c) {
        return c < 0x300;
    }

    private static boolean breaksAround(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> true;
            case Character.FORMAT ->
                c != 0x200C && c != ZERO_WIDTH_JOINER && !isPrepended(c) && !(c >= 0xE0020 && c <= 0xE007F);
            case Character.UNASSIGNED -> c == 0x2065 || c >= 0xFFF0 && c <= 0xFFF8 || c >= 0xE0000 && c <= 0xE0FFF;
            default -> false;
        };
    }

    private static boolean joinsTheOneBefore(int c) {
        return isExtend(c)
                || Character.getType(c) == Character.COMBINING_SPACING_MARK && !standsAlone(c)
                || c == 0xE33
                || c == 0xEB3;
    }

    private static boolean isExtend(int c) {
        return switch (Character.getType(c)) {
            case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK -> true;
            case Character.FORMAT -> c == 0x200C || c == ZERO_WIDTH_JOINER || c >= 0xE0020 && c <= 0xE007F;
            case Character.COMBINING_SPACING_MARK -> WIDE_EXTENDS.indexOf(c) >= 0;
            default -> c == 0xFF9E || c == 0xFF9F || c >= 0x1F3FB && c <= 0x1F3FF;
        };
    }

    /** The marks of Burmese and its relatives that UAX 29 leaves out of SpacingMark. */
    private static boolean standsAlone(int c) {
        return c == 0x102B
                || c == 0x102C
                || c == 0x1038
                || c >= 0x1062 && c <= 0x1064
                || c >= 0x1067 && c <= 0x106D
                || c == 0x1083
                || c >= 0x1087 && c <= 0x108C
                || c == 0x108F
                || c >= 0x109A && c <= 0x109C
                || c == 0x1A61
                || c == 0x1A63
                || c == 0x1A64
                || c == 0xAA7B
                || c == 0xAA7D
                || c == 0x11720
                || c == 0x11721;
    }

    private static boolean isPrepended(int c) {
        return c >= 0x600 && c <= 0x605
                || c == 0x6DD
                || c == 0x70F
                || c == 0x890
                || c == 0x891
                || c == 0x8E2
                || c == 0xD4E
                || c == 0x110BD
                || c == 0x110CD
                || c == 0x111C2
                || c == 0x111C3
                || c == 0x113D1
                || c == 0x1193F
                || c == 0x11941
                || c == 0x11A3A
                || c >= 0x11A84 && c <= 0x11A89
                || c == 0x11D46
                || c == 0x11F02;
    }

    private static int conjunct(int before, int c) {
        if (isConsonant(c)) {
            return CONSONANT;
        }
        return switch (c) {
            case 0x94D, 0x9CD, 0xACD, 0xB4D, 0xC4D, 0xD4D -> before == NO_CONJUNCT ? NO_CONJUNCT : LINKED;
            default -> c != 0x200C && isExtend(c) ? before : NO_CONJUNCT;
        };
    }

    private static boolean isConsonant(int c) {
        if (c < CONSONANTS[0] || c > CONSONANTS[CONSONANTS.length - 1]) {
            return false;
        }
        int at = 0;
        while (CONSONANTS[at + 1] < c) {
            at += 2;
        }
        return CONSONANTS[at] <= c;
    }

    /** Korean letters of one syllable. */
    private static boolean isOneSyllable(int before, int c) {
        boolean syllable = c >= 0xAC00 && c <= 0xD7A3;
        boolean vowel = c >= 0x1160 && c <= 0x11A7 || c >= 0xD7B0 && c <= 0xD7C6;
        boolean last = c >= 0x11A8 && c <= 0x11FF || c >= 0xD7CB && c <= 0xD7FB;
        if (isFirst(before)) {
            return isFirst(c) || vowel || syllable;
        }
        boolean afterSyllable = before >= 0xAC00 && before <= 0xD7A3;
        boolean open = afterSyllable && (before - 0xAC00) % 28 == 0
                || before >= 0x1160 && before <= 0x11A7
                || before >= 0xD7B0 && before <= 0xD7C6;
        if (open) {
            return vowel || last;
        }
        return last && (afterSyllable || before >= 0x11A8 && before <= 0x11FF || before >= 0xD7CB && before <= 0xD7FB);
    }

    private static boolean isFirst(int c) {
        return c >= 0x1100 && c <= 0x115F || c >= 0xA960 && c <= 0xA97C;
    }
}
