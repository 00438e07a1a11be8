package io.tokenwise.tokenizer;

/**
 * Where Unicode's extended grapheme clusters end (UAX 29), for {@link Charsmap}, which asks for those of at most five bytes. Flags and conjuncts
 * of Indic consonants are longer, so their rules are left out.
 */
final class Clusters {
    private static final int ZERO_WIDTH_JOINER = 0x200D;

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
        for (int before = c; end < text.length(); ) {
            int next = text.codePointAt(end);
            boolean joins = joinsTheOneBefore(next)
                    || isPrepended(before) && !breaksAround(next)
                    || before == ZERO_WIDTH_JOINER && pictograph && Character.isExtendedPictographic(next)
                    || isOneSyllable(before, next);
            if (!joins) {
                break;
            }
            pictograph = Character.isExtendedPictographic(next) || pictograph && isExtend(next);
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
                || c == 0x1193F
                || c == 0x11941
                || c == 0x11A3A
                || c >= 0x11A84 && c <= 0x11A89
                || c == 0x11D46
                || c == 0x11F02;
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
