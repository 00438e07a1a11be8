package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * SentencePiece's table of characters and what stands for them: a double array of bytes (Darts), whose values are places in a text of strings with a
 * zero at the end of each. It is used as Hugging Face's library does (the crate spm_precompiled): a cluster of at most five bytes becomes what the
 * shortest of its prefixes in the table becomes; of other clusters each character by itself. Thread-safe.
 */
final class Charsmap implements Normalizer {
    private static final String FIELD = "normalizer.precompiled_charsmap";
    private static final int LONGEST_CLUSTER = 5;
    private static final int UNCHANGED = -1;

    /** Bytes of what stands for a cluster; NFKC's longest has 33. It bounds how a text can grow. */
    private static final int LONGEST_STRING = 128;

    private static final int LEAF = 1 << 8;

    private final int[] units;
    private final byte[] strings;

    /** ASCII characters that stay as they are. */
    private final boolean[] plain = new boolean[128];

    private Charsmap(int[] units, byte[] strings) {
        this.units = units;
        this.strings = strings;
        for (int c = 0; c < plain.length; c++) {
            plain[c] = c != '\r' && find(new byte[] {(byte) c}, 1) == UNCHANGED;
        }
    }

    static Charsmap read(String file, String base64) {
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            throw new BadFileException(file, FIELD + " is not base64", e);
        }
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.length < 8) {
            throw new BadFileException(file, FIELD + " has " + bytes.length + " bytes; its head alone has 8");
        }
        long size = Integer.toUnsignedLong(in.getInt());
        if (size < 4 || size > in.remaining()) {
            throw new BadFileException(
                    file, FIELD + " says that its trie has " + size + " of " + in.remaining() + " bytes");
        }
        var units = new int[(int) (size / 4)];
        in.asIntBuffer().get(units);
        in.position(4 + 4 * units.length);
        var strings = new byte[in.remaining()];
        in.get(strings);
        check(file, units, strings);
        return new Charsmap(units, strings);
    }

    /** Every value that a walk can meet must be the begin of a character. */
    private static void check(String file, int[] units, byte[] strings) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(strings));
        } catch (CharacterCodingException e) {
            throw new BadFileException(file, FIELD + " has strings that are not UTF-8", e);
        }
        for (int i = 0; i < units.length; i++) {
            if (units[i] < 0 || (units[i] & LEAF) == 0) {
                continue;
            }
            int leaf = i ^ offset(units[i]);
            int value = leaf < units.length ? units[leaf] & Integer.MAX_VALUE : Integer.MAX_VALUE;
            if (value > strings.length || value < strings.length && (strings[value] & 0xC0) == 0x80) {
                throw new BadFileException(file, FIELD + ": unit " + i + " of its trie points outside of its strings");
            }
            if (end(strings, value) - value > LONGEST_STRING) {
                throw new BadFileException(
                        file,
                        FIELD + " has a string of more than " + LONGEST_STRING + " bytes; supported: shorter ones");
            }
        }
    }

    @Override
    public void normalize(Normalized text) {
        if (!changes(text)) {
            return;
        }
        var work = new Work();
        text.begin(0);
        for (int at = 0; at < text.length(); ) {
            char c = text.charAt(at);
            if (c < 128 && plain[c] && (at + 1 == text.length() || Clusters.isPlain(text.charAt(at + 1)))) {
                text.put(c, 0);
                at++;
                continue;
            }
            int end = Clusters.end(text, at);
            int value = work.read(text, at, end) ? find(work.bytes, work.length) : UNCHANGED;
            if (value == UNCHANGED) {
                characters(text, at, end, work);
            } else {
                replace(text, Character.codePointCount(work.chars, 0, work.size), value, work);
            }
            at = end;
        }
        text.end();
    }

    /** Whether there is anything but characters that are sure to stay. */
    private boolean changes(Normalized text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= 128 || !plain[c]) {
                return true;
            }
        }
        return false;
    }

    private void characters(Normalized text, int from, int to, Work work) {
        for (int at = from; at < to; ) {
            int c = text.codePointAt(at);
            int next = at + Character.charCount(c);
            work.read(text, at, next);
            int value = find(work.bytes, work.length);
            if (value == UNCHANGED) {
                text.put(c, 0);
            } else {
                replace(text, 1, value, work);
            }
            at = next;
        }
    }

    private void replace(Normalized text, int count, int value, Work work) {
        int[] by = new String(strings, value, end(strings, value) - value, StandardCharsets.UTF_8)
                .codePoints()
                .toArray();
        text.replace(count, by, by.length);
    }

    /** Where the string ends that begins at a place, as far as it may have bytes. */
    private static int end(byte[] strings, int value) {
        int end = value;
        while (end < strings.length && strings[end] != 0 && end - value <= LONGEST_STRING) {
            end++;
        }
        return end;
    }

    /** The value of the shortest prefix that the trie has. */
    private int find(byte[] key, int length) {
        int node = offset(units[0]);
        for (int i = 0; i < length && key[i] != 0; i++) {
            int label = key[i] & 0xFF;
            node ^= label;
            if (node >= units.length || (units[node] & 0x800000FF) != label) {
                return UNCHANGED;
            }
            int unit = units[node];
            node ^= offset(unit);
            if ((unit & LEAF) != 0) {
                return units[node] & Integer.MAX_VALUE;
            }
        }
        return UNCHANGED;
    }

    private static int offset(int unit) {
        return unit >>> 10 << ((unit & 1 << 9) >>> 6);
    }

    /** A cluster as UTF-8. */
    private static final class Work {
        final byte[] bytes = new byte[LONGEST_CLUSTER + 4];
        final char[] chars = new char[LONGEST_CLUSTER];
        int length;
        int size;

        /** False if it has more bytes than are looked up. */
        boolean read(Normalized text, int from, int to) {
            length = 0;
            size = 0;
            if (to - from > LONGEST_CLUSTER) {
                return false;
            }
            for (int at = from; at < to; ) {
                int c = text.codePointAt(at);
                int next = at + Character.charCount(c);
                while (at < next) {
                    chars[size++] = text.charAt(at++);
                }
                add(c);
                if (length > LONGEST_CLUSTER) {
                    return false;
                }
            }
            return true;
        }

        private void add(int c) {
            if (c < 0x80) {
                bytes[length++] = (byte) c;
            } else if (c < 0x800) {
                bytes[length++] = (byte) (0xC0 | c >> 6);
                bytes[length++] = (byte) (0x80 | c & 0x3F);
            } else if (c < 0x10000) {
                bytes[length++] = (byte) (0xE0 | c >> 12);
                bytes[length++] = (byte) (0x80 | c >> 6 & 0x3F);
                bytes[length++] = (byte) (0x80 | c & 0x3F);
            } else {
                bytes[length++] = (byte) (0xF0 | c >> 18);
                bytes[length++] = (byte) (0x80 | c >> 12 & 0x3F);
                bytes[length++] = (byte) (0x80 | c >> 6 & 0x3F);
                bytes[length++] = (byte) (0x80 | c & 0x3F);
            }
        }
    }
}
