package io.tokenwise.tokenizer;

/** The bytes of a character in UTF-8, one by one. */
final class Utf8 {
    private Utf8() {}

    /** Bytes of a character; an unpaired surrogate has none. */
    static int length(int c) {
        return c < 0x80 ? 1 : c < 0x800 ? 2 : c >= 0x10000 ? 4 : c >= 0xD800 && c < 0xE000 ? 0 : 3;
    }

    /** The byte of this index, from 0 to 255. */
    static int at(int c, int index) {
        int length = length(c);
        if (length == 1) {
            return c;
        }
        int bits = c >> 6 * (length - 1 - index);
        return index == 0 ? 0xF00 >> length & 0xFF | bits : 0x80 | bits & 0x3F;
    }
}
