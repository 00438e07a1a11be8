package io.tokenwise.tokenizer;

import java.text.Normalizer.Form;
import java.util.BitSet;

/** One of Unicode's normal forms (UAX 15). Thread-safe. */
record UnicodeForm(Form form) implements Normalizer {
    /** Of a longer row of combining characters Java's normalizer takes the square. */
    private static final int AT_ONCE = 1024;

    @Override
    public void normalize(Normalized text) {
        if (text.isAscii() || java.text.Normalizer.isNormalized(text.toString(), form)) {
            return;
        }
        text.begin(0);
        for (int at = 0; at < text.length(); ) {
            int end = end(text, at);
            if (end - at == 1 && text.charAt(at) < 128) {
                text.put(text.charAt(at), 0);
            } else {
                part(text, at, end);
            }
            at = end;
        }
        text.end();
    }

    /** Where the characters end that may become one with the one at a place. */
    private static int end(Normalized text, int at) {
        int end = at + Character.charCount(text.codePointAt(at));
        while (end < text.length() && end - at < AT_ONCE) {
            int next = text.codePointAt(end);
            if (!joins(next)) {
                break;
            }
            end += Character.charCount(next);
        }
        return end;
    }

    private static boolean joins(int c) {
        if (c < 0x300) {
            return false;
        }
        return switch (Character.getType(c)) {
            case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.COMBINING_SPACING_MARK -> true;
            // Vowels and last letters of Korean syllables, and voiced marks as wide as half a character.
            default -> c >= 0x1160 && c <= 0x11FF || c == 0xFF9E || c == 0xFF9F;
        };
    }

    private void part(Normalized text, int from, int to) {
        String before = text.substring(from, to);
        String after = java.text.Normalizer.normalize(before, form);
        int[] by = after.codePoints().toArray();
        int count = before.codePointCount(0, before.length());
        if (by.length == count) {
            for (int c : by) {
                text.put(c, 0);
            }
            return;
        }
        BitSet putIn = putIn(before);
        boolean apart = putIn.length() == by.length + 1;
        // What was put together has the place of its first character, what was taken apart that of the whole.
        int more = Math.max(0, by.length - count);
        for (int i = 0; i < by.length; i++) {
            int grown = i == 0 ? Math.min(0, by.length - count) : (apart ? putIn.get(i) : i <= more) ? 1 : 0;
            text.put(by[i], grown);
        }
    }

    /** Which characters are put in where each comes apart by itself; a bit after the last says how many there are. */
    private BitSet putIn(String text) {
        boolean compatible = form == Form.NFKC || form == Form.NFKD;
        var putIn = new BitSet();
        int size = 0;
        for (int at = 0; at < text.length(); ) {
            int next = at + Character.charCount(text.codePointAt(at));
            String parts = java.text.Normalizer.normalize(text.substring(at, next), compatible ? Form.NFKD : Form.NFD);
            int end = size + parts.codePointCount(0, parts.length());
            putIn.set(size + 1, end);
            size = end;
            at = next;
        }
        putIn.set(size);
        return putIn;
    }
}
