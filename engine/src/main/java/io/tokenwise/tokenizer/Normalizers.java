package io.tokenwise.tokenizer;

import java.util.function.IntPredicate;
import java.util.function.IntUnaryOperator;

/** The simple steps that tokenizer.json may ask for, as Hugging Face's tokenizers library takes them (src/normalizers). */
final class Normalizers {
    private static final Normalizer LOWERCASE = lowercase();
    private static final Normalizer DECOMPOSED = new UnicodeForm(java.text.Normalizer.Form.NFD);

    private Normalizers() {}

    /** Puts a text before one that is not empty. */
    static Normalizer prepend(String text) {
        if (text.length() == 1) {
            return to -> {
                if (to.length() > 0) {
                    to.prepend(text.charAt(0));
                }
            };
        }
        int[] before = text.codePoints().toArray();
        return to -> {
            if (to.length() == 0 || before.length == 0) {
                return;
            }
            to.begin(0);
            to.put(before[0], 0);
            for (int i = 1; i < before.length; i++) {
                to.put(before[i], 1);
            }
            int first = to.codePointAt(0);
            to.put(first, 1);
            copy(to, Character.charCount(first));
            to.end();
        };
    }

    /** Another text instead of each occurrence of one. */
    static Normalizer replace(String wanted, String by) {
        if (wanted.length() == 1 && by.length() == 1) {
            return to -> to.replace(wanted.charAt(0), by.charAt(0));
        }
        int characters = wanted.codePointCount(0, wanted.length());
        int[] instead = by.codePoints().toArray();
        return to -> {
            to.begin(0);
            for (int at = 0; at < to.length(); ) {
                if (matches(to, at, wanted)) {
                    insteadOf(to, characters, instead);
                    at += wanted.length();
                } else {
                    at += keep(to, at);
                }
            }
            to.end();
        };
    }

    private static boolean matches(Normalized text, int at, String wanted) {
        if (at + wanted.length() > text.length()) {
            return false;
        }
        for (int i = 0; i < wanted.length(); i++) {
            if (text.charAt(at + i) != wanted.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Another text instead of each row of {@code least} such chars or more, all of which are characters by themselves.
     *
     * @param single those that are a row alone too
     */
    static Normalizer replaceRows(IntPredicate wanted, int least, IntPredicate single, String by) {
        int[] instead = by.codePoints().toArray();
        return to -> {
            to.begin(0);
            for (int at = 0; at < to.length(); ) {
                int end = at;
                while (end < to.length() && wanted.test(to.charAt(end))) {
                    end++;
                }
                if (end - at >= least || end - at == 1 && single.test(to.charAt(at))) {
                    insteadOf(to, end - at, instead);
                    at = end;
                } else {
                    at += keep(to, at);
                }
            }
            to.end();
        };
    }

    /** White space at the ends goes. */
    static Normalizer strip(boolean left, boolean right) {
        return to -> {
            int from = 0;
            while (left && from < to.length() && White.is(to.charAt(from))) {
                from++;
            }
            int end = to.length();
            while (right && end > from && White.is(to.charAt(end - 1))) {
                end--;
            }
            to.begin(from);
            for (int at = from; at < end; ) {
                at += keep(to, at);
            }
            to.end();
        };
    }

    /** Each letter small; of the letters that one becomes two only İ is known to Unicode. */
    static Normalizer lowercase() {
        return to -> {
            to.begin(0);
            for (int at = 0; at < to.length(); ) {
                int c = to.codePointAt(at);
                at += Character.charCount(c);
                to.put(c == 'İ' ? 'i' : Character.toLowerCase(c), 0);
                if (c == 'İ') {
                    to.put('\u0307', 1);
                }
            }
            to.end();
        };
    }

    /** SentencePiece's rule for texts of translators: controls go, odd white space becomes a space. */
    static Normalizer nmt() {
        return to -> keep(to, c -> !isNmtControl(c), c -> isNmtSpace(c) ? ' ' : c);
    }

    /** What BERT's tokenizer makes of a text (src/normalizers/bert.rs). */
    static Normalizer bert(WordPiece.Cleaning cleaning) {
        return to -> {
            if (cleaning.cleanText()) {
                keep(to, c -> !BertCharacters.isControl(c), c -> White.is(c) ? ' ' : c);
            }
            if (cleaning.splitChinese()) {
                splitChinese(to);
            }
            if (cleaning.stripAccents()) {
                DECOMPOSED.normalize(to);
                keep(to, c -> !BertCharacters.isMark(c), c -> c);
            }
            if (cleaning.lowercase()) {
                LOWERCASE.normalize(to);
            }
        };
    }

    /** Leaves characters out, and changes the others each by itself. */
    private static void keep(Normalized to, IntPredicate kept, IntUnaryOperator changed) {
        to.begin(0);
        for (int at = 0; at < to.length(); ) {
            int c = to.codePointAt(at);
            at += Character.charCount(c);
            if (kept.test(c)) {
                to.put(changed.applyAsInt(c), 0);
            } else {
                to.remove();
            }
        }
        to.end();
    }

    private static void splitChinese(Normalized to) {
        to.begin(0);
        for (int at = 0; at < to.length(); ) {
            int c = to.codePointAt(at);
            at += Character.charCount(c);
            boolean alone = BertCharacters.isChinese(c);
            to.put(alone ? ' ' : c, 0);
            if (alone) {
                to.put(c, 1);
                to.put(' ', 1);
            }
        }
        to.end();
    }

    private static boolean isNmtControl(int c) {
        return c >= 1 && c <= 8 || c == 0xB || c >= 0xE && c <= 0x1F || c == 0x7F || c == 0x8F || c == 0x9F;
    }

    private static boolean isNmtSpace(int c) {
        return switch (c) {
            case '\t', '\n', '\f', '\r', 0x1680, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD -> true;
            default -> c >= 0x200B && c <= 0x200F;
        };
    }

    private static void insteadOf(Normalized to, int characters, int[] instead) {
        to.drop(characters);
        for (int c : instead) {
            to.put(c, 1);
        }
    }

    private static void copy(Normalized to, int from) {
        for (int at = from; at < to.length(); ) {
            at += keep(to, at);
        }
    }

    private static int keep(Normalized to, int at) {
        int c = to.codePointAt(at);
        to.put(c, 0);
        return Character.charCount(c);
    }
}
