package io.tokenwise.tokenizer;

import java.text.Normalizer.Form;
import java.util.Arrays;

/**
 * One of Unicode's normal forms (UAX 15), as Hugging Face's library makes them: of each character it says how many of the text's it stands for, which
 * is what places come from (the crate unicode-normalization-alignments, src/decompose.rs and src/recompose.rs). Thread-safe.
 */
record UnicodeForm(Form form) implements Normalizer {
    /** For rows of combining characters Java's normalizer takes a time that grows as their square. */
    private static final int AT_ONCE = 256;

    @Override
    public void normalize(Normalized text) {
        int same = text.isAscii() ? text.length() : normalizedTo(text, 0);
        if (same == text.length()) {
            return;
        }
        text.begin(0);
        for (int at = 0; at < text.length(); same = normalizedTo(text, at)) {
            while (at < same) {
                int c = text.codePointAt(at);
                text.put(c, 0);
                at += Character.charCount(c);
            }
            int end = end(text, at);
            part(text, at, end);
            at = end;
        }
        text.end();
    }

    /**
     * Where the first part from a place on begins that is not normalized, or the text's end. What is normalized to the newer Unicode that Java has is so to the
     * library's too.
     */
    private int normalizedTo(Normalized text, int from) {
        int at = from;
        while (at < text.length()) {
            int end = end(text, at);
            if (end - at > AT_ONCE || !java.text.Normalizer.isNormalized(text.substring(at, end), form)) {
                return at;
            }
            at = end;
        }
        return at;
    }

    /** The end of a part that has nothing to do with what comes after it: of {@link #AT_ONCE} chars at most, unless they all hang together. */
    private int end(Normalized text, int from) {
        int most = Math.min(from + AT_ONCE, text.length());
        int end = most;
        while (end > from && goesOn(text, end)) {
            end--;
        }
        if (end == from) {
            end = most;
            while (goesOn(text, end)) {
                end++;
            }
        }
        return end;
    }

    /** Whether what is at a place may become one with what is before it, or change places with it. */
    private boolean goesOn(Normalized text, int at) {
        if (at == text.length()) {
            return false;
        }
        char c = text.charAt(at);
        return Character.isLowSurrogate(c)
                || c >= 0x300
                        && OldUnicode.joins(decomposed(text.codePointAt(at)).codePointAt(0));
    }

    private String decomposed(int c) {
        return OldUnicode.decompose(c, form == Form.NFKC || form == Form.NFKD);
    }

    private void part(Normalized text, int from, int to) {
        var row = new Row(text, form == Form.NFC || form == Form.NFKC);
        for (int at = from; at < to; ) {
            int c = text.codePointAt(at);
            at += Character.charCount(c);
            if (c < 128) {
                row.add(c, 0);
            } else {
                decompose(c, row);
            }
        }
        row.end();
    }

    private void decompose(int c, Row to) {
        String parts = decomposed(c);
        for (int i = 0; i < parts.length(); ) {
            int part = parts.codePointAt(i);
            to.add(part, i == 0 ? 0 : 1);
            i += Character.charCount(part);
        }
    }

    /** Characters from one that does not combine on, as they are put in order and together. */
    private static final class Row {
        private final Normalized out;
        private final boolean composes;

        /** Those that combine, in the text's order: order of combining, place, character and 1 if it was put in. */
        private long[] waiting = new long[16];

        private int count;

        /** The character that others may be put together with; -1 if there is none. */
        private int first = -1;

        private int firstGrown;

        Row(Normalized out, boolean composes) {
            this.out = out;
            this.composes = composes;
        }

        /** The next character; it was put in behind another, or not. */
        void add(int c, int grown) {
            int order = c < 0x300 ? 0 : OldUnicode.order(c);
            if (order == 0) {
                starter(c, grown);
                return;
            }
            if (count == waiting.length) {
                waiting = Arrays.copyOf(waiting, 2 * count);
            }
            waiting[count] = (long) order << 54 | (long) count << 22 | (long) c << 1 | grown;
            count++;
        }

        private void starter(int c, int grown) {
            boolean beside = compose();
            int both = beside && composes && first >= 0 ? OldUnicode.compose(first, c) : -1;
            if (both >= 0) {
                first = both;
                firstGrown += grown - 1;
                return;
            }
            give();
            first = c;
            firstGrown = grown;
        }

        /** Puts the first character together with those that wait, as far as may be; whether none is left. */
        private boolean compose() {
            Arrays.sort(waiting, 0, count);
            if (first < 0 || !composes) {
                return count == 0;
            }
            int kept = 0;
            int last = 0;
            for (int i = 0; i < count; i++) {
                int order = (int) (waiting[i] >>> 54);
                int both = order > last ? OldUnicode.compose(first, character(waiting[i])) : -1;
                if (both >= 0) {
                    first = both;
                    firstGrown += grown(waiting[i]) - 1;
                } else {
                    waiting[kept++] = waiting[i];
                    last = order;
                }
            }
            count = kept;
            return count == 0;
        }

        private void give() {
            if (first >= 0) {
                out.put(first, firstGrown);
            }
            for (int i = 0; i < count; i++) {
                out.put(character(waiting[i]), grown(waiting[i]));
            }
            count = 0;
        }

        void end() {
            compose();
            give();
        }

        private static int character(long entry) {
            return (int) (entry >>> 1) & 0x1FFFFF;
        }

        private static int grown(long entry) {
            return (int) entry & 1;
        }
    }
}
