package io.tokenwise.tokenizer;

/** The simple steps that tokenizer.json may ask for, as Hugging Face's tokenizers library takes them (src/normalizers). */
final class Normalizers {
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

    /** Another text instead of each row of {@code least} spaces or more. */
    static Normalizer replaceSpaces(int least, String by) {
        int[] instead = by.codePoints().toArray();
        return to -> {
            to.begin(0);
            for (int at = 0; at < to.length(); ) {
                int end = at;
                while (end < to.length() && to.charAt(end) == ' ') {
                    end++;
                }
                if (end - at >= least) {
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
        return to -> {
            to.begin(0);
            for (int at = 0; at < to.length(); ) {
                int c = to.codePointAt(at);
                at += Character.charCount(c);
                if (isNmtControl(c)) {
                    to.remove();
                } else {
                    to.put(isNmtSpace(c) ? ' ' : c, 0);
                }
            }
            to.end();
        };
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
