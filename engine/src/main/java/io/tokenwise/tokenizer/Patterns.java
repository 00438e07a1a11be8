package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;

/**
 * The regular expressions that byte-level tokenizers cut texts into words by, as scanners: each is known by its text. They take a time that
 * is linear in the text's length, which a regular expression's interpreter need not. A piece begins where the one before it ends.
 */
enum Patterns {
    /** GPT-2's, which also RoBERTa and ModernBERT have. */
    GPT2(
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
            false,
            Integer.MAX_VALUE),
    /** That of cl100k and Llama 3: numbers are cut after three digits. */
    CL100K(modern("\\p{N}{1,3}"), true, 3),
    /** Qwen's: each digit is a word. */
    QWEN2(modern("\\p{N}"), true, 1),
    /** That of o200k (GPT-4o, gpt-oss): words also end before upper case that follows lower case, and take marks and a contraction with them. */
    O200K(
            words("*", "+") + '|' + words("+", "*")
                    + "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
            true,
            3);

    private final String regex;
    private final boolean modern;
    private final int digits;

    Patterns(String regex, boolean modern, int digits) {
        this.regex = regex;
        this.modern = modern;
        this.digits = digits;
    }

    private static String modern(String numbers) {
        return "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" + numbers
                + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    }

    private static String words(String upper, String lower) {
        return "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]" + upper + "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
                + lower + "(?i:'s|'t|'re|'ve|'m|'ll|'d)?";
    }

    /**
     * The pattern with this text.
     *
     * @param file for messages
     */
    static Patterns of(String file, String regex) {
        for (Patterns pattern : values()) {
            if (pattern.regex.equals(regex)) {
                return pattern;
            }
        }
        throw new BadFileException(
                file,
                "pre_tokenizer splits by " + regex
                        + "; supported: the patterns of GPT-2, cl100k, Llama 3, Qwen 2 and o200k");
    }

    /** Its text. */
    String regex() {
        return regex;
    }

    /** Where the piece ends that begins at {@code from}; {@code to} is the end of the text. */
    int end(String text, int from, int to) {
        if (this == O200K) {
            int end = word(text, from, to);
            if (end > from) {
                boolean apostrophe = end < to && text.charAt(end) == '\'';
                return apostrophe ? Math.max(end, contraction(text, end + 1, to)) : end;
            }
        }
        int c = text.codePointAt(from);
        if (c == '\'') {
            int end = contraction(text, from + 1, to);
            if (end > 0) {
                return end;
            }
        }
        int kind = Letters.kind(c);
        int after = from + Character.charCount(c);
        if (kind == Letters.LETTER) {
            return run(text, after, to, Letters.LETTER);
        }
        if (kind == Letters.NUMBER) {
            return numbers(text, after, to, digits - 1);
        }
        int next = after < to ? Letters.kind(text.codePointAt(after)) : -1;
        if (next == Letters.LETTER && (modern ? c != '\r' && c != '\n' : c == ' ')) {
            return run(text, after, to, Letters.LETTER);
        }
        if (next == Letters.NUMBER && c == ' ' && !modern) {
            return run(text, after, to, Letters.NUMBER);
        }
        if (kind == Letters.OTHER || c == ' ' && next == Letters.OTHER) {
            int end = run(text, after, to, Letters.OTHER);
            return modern ? lineEnds(text, end, to) : end;
        }
        return spaces(text, from, to);
    }

    /**
     * Where o200k's word ends that begins at {@code from}; that if none does. It is upper case and then lower case. If it is upper case alone,
     * the regular expression gives back characters until one may be lower case too, and keeps them all only if none may.
     */
    private static int word(String text, int from, int to) {
        int c = text.codePointAt(from);
        int begin = from;
        if (Letters.cases(c) == 0) {
            if (Letters.kind(c) == Letters.NUMBER || c == '\r' || c == '\n') {
                return from;
            }
            begin += Character.charCount(c);
        }
        int upper = letters(text, begin, to, Letters.UPPER);
        int lower = letters(text, upper, to, Letters.LOWER);
        if (lower > upper) {
            return lower;
        }
        for (int at = upper; at > begin; ) {
            int last = text.codePointBefore(at);
            if (Letters.cases(last) == Letters.EITHER) {
                return at;
            }
            at -= Character.charCount(last);
        }
        return upper > begin ? upper : from;
    }

    private static int letters(String text, int from, int to, int cases) {
        int at = from;
        while (at < to) {
            int c = text.codePointAt(at);
            if ((Letters.cases(c) & cases) == 0) {
                break;
            }
            at += Character.charCount(c);
        }
        return at;
    }

    private static int run(String text, int from, int to, int kind) {
        int at = from;
        while (at < to) {
            int c = text.codePointAt(at);
            if (Letters.kind(c) != kind) {
                break;
            }
            at += Character.charCount(c);
        }
        return at;
    }

    private static int numbers(String text, int from, int to, int most) {
        int at = from;
        for (int i = 0; i < most && at < to; i++) {
            int c = text.codePointAt(at);
            if (Letters.kind(c) != Letters.NUMBER) {
                break;
            }
            at += Character.charCount(c);
        }
        return at;
    }

    private int lineEnds(String text, int from, int to) {
        int at = from;
        while (at < to && isLineEnd(text.charAt(at))) {
            at++;
        }
        return at;
    }

    /** For o200k a slash behind one is more of it. */
    private boolean isLineEnd(char c) {
        return c == '\n' || c == '\r' || c == '/' && this == O200K;
    }

    /** White space up to its last line's end; else all but the last, which belongs to the word after it. All of it is one char a character. */
    private int spaces(String text, int from, int to) {
        int end = run(text, from, to, Letters.SPACE);
        for (int at = end; modern && at > from; at--) {
            char c = text.charAt(at - 1);
            if (c == '\n' || c == '\r') {
                return at;
            }
        }
        return end == to || end == from + 1 ? end : end - 1;
    }

    /** The end of what English writes after an apostrophe, or 0. */
    private int contraction(String text, int from, int to) {
        int first = from < to ? letter(text.charAt(from)) : 0;
        if (first == 's' || first == 't' || first == 'm' || first == 'd') {
            return from + 1;
        }
        int second = from + 1 < to ? letter(text.charAt(from + 1)) : 0;
        boolean two = (first == 'r' || first == 'v') && second == 'e' || first == 'l' && second == 'l';
        return two ? from + 2 : 0;
    }

    /** In the newer patterns case makes no difference, and the long s is one. */
    private int letter(char c) {
        return !modern ? c : c == '\u017f' ? 's' : c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c;
    }
}
