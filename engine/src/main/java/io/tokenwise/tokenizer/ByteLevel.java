package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import java.util.Arrays;

/**
 * Byte-level BPE (Radford et al. 2019): a text is cut into words by a pattern, and the bytes of each are merged. A word that is one piece of
 * the vocabulary, as most are, is looked up as a whole. Gives the ids that Hugging Face's tokenizers library gives. Thread-safe.
 */
final class ByteLevel {
    private static final String PRINTED = printed();

    private final Bpe bpe;
    private final Patterns pattern;
    private final boolean prefixSpace;

    /** Ids of the pieces that are one byte; -1 where there is none. */
    private final int[] single = new int[256];

    /** The bytes of all pieces one after another, and where each piece begins among them. */
    private final byte[] bytes;

    private final int[] begins;
    private final int longest;

    /** Ids of pieces plus one, at their hashes. */
    private final int[] table;

    /**
     * Whether merging a piece's bytes gives that piece: 0 if nobody asked yet, 1 if so, 2 if not. Threads may find it out at the same time:
     * they find the same.
     */
    private final byte[] whole;

    /** Takes the tokens of a text. */
    interface Sink {
        /**
         * The next token.
         *
         * @param start where it begins in the text, in chars
         * @param end where it ends
         */
        void token(int id, int start, int end);

        /** Whether no more are wanted. */
        boolean full();
    }

    /**
     * Of a model whose pieces are bytes.
     *
     * @param file for messages
     * @param pattern what cuts texts into words; null if they are not cut
     * @param prefixSpace whether a space is set before a text that begins with none
     * @throws BadFileException if a byte is no piece
     */
    ByteLevel(String file, Bpe bpe, Patterns pattern, boolean prefixSpace) {
        this.bpe = bpe;
        this.pattern = pattern;
        this.prefixSpace = prefixSpace;
        String[] pieces = bpe.pieces();
        byte[] values = values();
        begins = new int[pieces.length + 1];
        byte[] all = new byte[1 << 16];
        int size = 0;
        int most = 0;
        for (int id = 0; id < pieces.length; id++) {
            int length = pieces[id] == null ? 0 : pieces[id].length();
            if (size + length > all.length) {
                all = Arrays.copyOf(all, 2 * (size + length));
            }
            int read = read(pieces[id], values, all, size);
            size += read;
            most = Math.max(most, read);
            begins[id + 1] = size;
        }
        bytes = Arrays.copyOf(all, size);
        longest = most;
        whole = new byte[pieces.length];
        table = new int[Integer.highestOneBit(Math.max(1, pieces.length)) << 2];
        Arrays.fill(single, -1);
        for (int id = 0; id < pieces.length; id++) {
            int length = begins[id + 1] - begins[id];
            if (length == 1) {
                single[bytes[begins[id]] & 0xFF] = id;
            }
            if (length > 0) {
                enter(id);
            }
        }
        for (int value = 0; value < 256; value++) {
            boolean occurs = value < 0xF5 && value != 0xC0 && value != 0xC1;
            if (occurs && single[value] < 0) {
                throw new BadFileException(
                        file,
                        String.format(
                                "model.vocab has no piece for the byte 0x%02X; must have '%c'",
                                value, PRINTED.charAt(value)));
            }
        }
    }

    /** By which characters a vocabulary writes the 256 bytes: those that can be seen stand for themselves. */
    private static String printed() {
        var printed = new StringBuilder();
        char other = 0x100;
        for (int value = 0; value < 256; value++) {
            boolean seen = value > ' ' && value < 0x7F || value > 0xA0 && value != 0xAD;
            printed.append(seen ? (char) value : other++);
        }
        return printed.toString();
    }

    /** What characters stand for: the bytes of those below 0x144, and which are none. */
    private static byte[] values() {
        byte[] values = new byte[0x144];
        for (int value = 0; value < 256; value++) {
            values[PRINTED.charAt(value)] = (byte) value;
        }
        return values;
    }

    /** Reads a piece's bytes; none if some character of it stands for no byte. */
    private static int read(String piece, byte[] values, byte[] to, int from) {
        int length = piece == null ? 0 : piece.length();
        for (int i = 0; i < length; i++) {
            char c = piece.charAt(i);
            if (c >= values.length || PRINTED.charAt(values[c] & 0xFF) != c) {
                return 0;
            }
            to[from + i] = values[c];
        }
        return length;
    }

    /** What a token's text is in bytes, as far as its characters stand for some: others are taken as they are. */
    static byte[] bytes(String token) {
        byte[] read = new byte[token.length()];
        int length = read(token, values(), read, 0);
        return length == token.length() ? read : token.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }

    private void enter(int id) {
        int hash = 0;
        for (int i = begins[id]; i < begins[id + 1]; i++) {
            hash = hashed(hash, bytes[i]);
        }
        int slot = slot(hash);
        while (table[slot] != 0) {
            slot = (slot + 1) & (table.length - 1);
        }
        table[slot] = id + 1;
    }

    private static int hashed(int hash, byte next) {
        return 31 * hash + next;
    }

    private int slot(int hash) {
        return (hash * 0x9E3779B9) >>> 7 & (table.length - 1);
    }

    /** The id of these bytes, or -1. */
    private int find(byte[] word, int length, int hash) {
        int slot = slot(hash);
        while (table[slot] != 0) {
            int id = table[slot] - 1;
            if (Arrays.equals(bytes, begins[id], begins[id + 1], word, 0, length)) {
                return id;
            }
            slot = (slot + 1) & (table.length - 1);
        }
        return -1;
    }

    /** Gives the tokens of a text, or of a part of it, until no more are wanted. Unpaired surrogates are left out. */
    void encode(String text, int from, int to, Sink sink) {
        if (from == to) {
            return;
        }
        boolean prefixed = prefixSpace && text.charAt(from) != ' ';
        String words = prefixed ? " " + text.substring(from, to) : text;
        // Where a char of the text is among the words; the space before them has the place of the character after it.
        int shift = prefixed ? from - 1 : 0;
        int end = to - shift;
        var word = new Word(from, prefixed ? from + Character.charCount(text.codePointAt(from)) : from, shift);
        for (int at = prefixed ? 0 : from; at < end && !sink.full(); ) {
            int next = pattern == null ? end : pattern.end(words, at, end);
            word.read(words, at, next);
            give(word, at, next, sink);
            at = next;
        }
    }

    private void give(Word word, int at, int next, Sink sink) {
        int id = word.size > 0 && word.size <= longest ? find(word.bytes, word.size, word.hash) : -1;
        if (id >= 0 && isWhole(id)) {
            sink.token(id, word.start(at), word.end(next));
            return;
        }
        var symbols = word.symbols;
        for (int i = 0; i < word.size; i++) {
            symbols.add(single[word.bytes[i] & 0xFF], word.starts[i], word.starts[i] + word.widths[i]);
        }
        symbols.merge(0, bpe.merges());
        for (int i = 0; i < symbols.count; i++) {
            sink.token(symbols.ids[i], word.start(symbols.starts[i]), word.end(symbols.ends[i]));
        }
        symbols.count = 0;
    }

    private boolean isWhole(int id) {
        if (whole[id] == 0) {
            boolean is = bpe.ignoresMerges();
            if (!is) {
                var symbols = new Symbols();
                for (int i = begins[id]; i < begins[id + 1]; i++) {
                    symbols.add(single[bytes[i] & 0xFF], 0, 0);
                }
                symbols.merge(0, bpe.merges());
                is = symbols.count == 1 && symbols.ids[0] == id;
            }
            whole[id] = (byte) (is ? 1 : 2);
        }
        return whole[id] == 1;
    }

    /** The bytes of a word, and which chars they come from. */
    private static final class Word {
        final Symbols symbols = new Symbols();
        byte[] bytes = new byte[64];
        int[] starts = new int[64];
        byte[] widths = new byte[64];
        int size;
        int hash;

        private final int from;
        private final int least;
        private final int shift;

        /**
         * For all words of a text.
         *
         * @param from where it begins
         * @param least where a token ends at least
         * @param shift from places among the words to those in the text
         */
        Word(int from, int least, int shift) {
            this.from = from;
            this.least = least;
            this.shift = shift;
        }

        int start(int at) {
            return Math.max(from, at + shift);
        }

        int end(int at) {
            return Math.max(least, at + shift);
        }

        void read(String text, int from, int to) {
            size = 0;
            hash = 0;
            if (bytes.length < 3 * (to - from)) {
                bytes = new byte[4 * (to - from)];
                starts = new int[bytes.length];
                widths = new byte[bytes.length];
            }
            for (int at = from; at < to; ) {
                int c = text.charAt(at);
                if (c < 0x80) {
                    add((byte) c, at++, 1);
                    continue;
                }
                c = text.codePointAt(at);
                int length = Utf8.length(c);
                for (int i = 0; i < length; i++) {
                    add((byte) Utf8.at(c, i), at, Character.charCount(c));
                }
                at += Character.charCount(c);
            }
        }

        private void add(byte value, int start, int width) {
            bytes[size] = value;
            starts[size] = start;
            widths[size++] = (byte) width;
            hash = hashed(hash, value);
        }
    }
}
