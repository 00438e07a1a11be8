package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import java.nio.charset.StandardCharsets;

/**
 * Byte-level BPE (Radford et al. 2019): a text is cut into words by a pattern, and the bytes of each are merged. A word that is one piece of
 * the vocabulary, as most are, is looked up as a whole. Gives the ids that Hugging Face's tokenizers library gives. Thread-safe.
 */
final class ByteLevel {
    /** By which characters a vocabulary writes the 256 bytes: those that can be seen stand for themselves. */
    private static final String PRINTED = printed();

    private final Bpe bpe;
    private final Patterns pattern;
    private final boolean prefixSpace;

    /** Ids of the pieces that are one byte; -1 where there is none. */
    private final int[] single = new int[256];

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
        for (int value = 0; value < 256; value++) {
            single[value] = bpe.id(PRINTED.charAt(value));
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

    /** What a token's text is in bytes, as far as its characters stand for some: others are taken as they are. */
    static byte[] bytes(String token) {
        byte[] values = values();
        var read = new byte[token.length()];
        for (int i = 0; i < read.length; i++) {
            char c = token.charAt(i);
            if (c >= values.length || PRINTED.charAt(values[c] & 0xFF) != c) {
                return token.getBytes(StandardCharsets.UTF_8);
            }
            read[i] = values[c];
        }
        return read;
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
        int id = word.size > 0 ? bpe.words().find(word.chars, 0, word.size) : PieceTable.NONE;
        if (id >= 0) {
            sink.token(id, word.start(at), word.end(next));
            return;
        }
        var symbols = word.symbols;
        for (int i = 0; i < word.size; i++) {
            symbols.add(bpe.id(word.chars[i]), word.starts[i], word.starts[i] + word.widths[i]);
        }
        symbols.merge(0, bpe.merges());
        for (int i = 0; i < symbols.count; i++) {
            sink.token(symbols.ids[i], word.start(symbols.starts[i]), word.end(symbols.ends[i]));
        }
        symbols.count = 0;
    }

    /** The bytes of a word, as a vocabulary writes them, and which chars they come from. */
    private static final class Word {
        final Symbols symbols = new Symbols();
        char[] chars = new char[64];
        int[] starts = new int[64];
        byte[] widths = new byte[64];
        int size;

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
            if (chars.length < 3 * (to - from)) {
                chars = new char[4 * (to - from)];
                starts = new int[chars.length];
                widths = new byte[chars.length];
            }
            for (int at = from; at < to; ) {
                int c = text.charAt(at);
                if (c < 0x80) {
                    add(c, at++, 1);
                    continue;
                }
                c = text.codePointAt(at);
                int length = Utf8.length(c);
                for (int i = 0; i < length; i++) {
                    add(Utf8.at(c, i), at, Character.charCount(c));
                }
                at += Character.charCount(c);
            }
        }

        private void add(int value, int start, int width) {
            chars[size] = PRINTED.charAt(value);
            starts[size] = start;
            widths[size++] = (byte) width;
        }
    }
}
