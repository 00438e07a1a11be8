package io.tokenwise.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A step from tokens to their text; what the last one gives is joined. As Hugging Face's library takes them (src/decoders). */
@FunctionalInterface
interface Decoder {
    List<String> decode(List<String> tokens);

    /** The steps one after the other; without any, tokens are words. */
    static String text(List<Decoder> steps, List<String> tokens) {
        List<String> parts = tokens;
        for (Decoder step : steps) {
            parts = step.decode(parts);
        }
        return String.join(steps.isEmpty() ? " " : "", parts);
    }

    /** Words have spaces between them; pieces with the prefix go on with a word. */
    static Decoder wordPiece(String prefix, boolean cleanUp) {
        return tokens -> {
            List<String> parts = new ArrayList<>(tokens.size());
            for (String token : tokens) {
                String part = parts.isEmpty()
                        ? token
                        : token.startsWith(prefix) ? token.substring(prefix.length()) : " " + token;
                parts.add(cleanUp && part.indexOf(' ') >= 0 ? cleaned(part) : part);
            }
            return parts;
        };
    }

    /** What the library calls cleaning up: of each token alone, which may be one that was added and have spaces inside. */
    private static String cleaned(String part) {
        return part.replace(" .", ".")
                .replace(" ?", "?")
                .replace(" !", "!")
                .replace(" ,", ",")
                .replace(" ' ", "'")
                .replace(" n't", "n't")
                .replace(" 'm", "'m")
                .replace(" do not", " don't")
                .replace(" 's", "'s")
                .replace(" 've", "'ve")
                .replace(" 're", "'re");
    }

    /** Marks are spaces, but for that before the first word, if the tokenizer set it. */
    static Decoder metaspace(String mark, boolean prepended) {
        return tokens -> {
            List<String> parts = new ArrayList<>(tokens.size());
            for (String token : tokens) {
                parts.add(token.replace(mark, parts.isEmpty() && prepended ? "" : " "));
            }
            return parts;
        };
    }

    static Decoder replace(String wanted, String by) {
        return tokens -> tokens.stream().map(token -> token.replace(wanted, by)).toList();
    }

    static Decoder fuse() {
        return tokens -> List.of(String.join("", tokens));
    }

    /** At most so many of a character go from each end. */
    static Decoder strip(int character, int start, int stop) {
        return tokens -> tokens.stream()
                .map(token -> stripped(token.codePoints().toArray(), character, start, stop))
                .toList();
    }

    private static String stripped(int[] token, int character, int start, int stop) {
        int from = 0;
        while (from < start && from < token.length && token[from] == character) {
            from++;
        }
        int to = token.length;
        while (token.length - to < stop && to > from && token[to - 1] == character) {
            to--;
        }
        return new String(token, from, to - from);
    }

    /** Rows of {@code <0x41>} are UTF-8; each of a row that is not becomes a replacement character. */
    static Decoder byteFallback() {
        return tokens -> {
            List<String> parts = new ArrayList<>(tokens.size());
            var bytes = new ByteArrayOutputStream();
            for (String token : tokens) {
                int value = byteOf(token);
                if (value >= 0) {
                    bytes.write(value);
                } else {
                    flush(bytes, parts);
                    parts.add(token);
                }
            }
            flush(bytes, parts);
            return parts;
        };
    }

    private static int byteOf(String token) {
        boolean is = token.length() == 6 && token.startsWith("<0x") && token.charAt(5) == '>';
        int high = is ? Character.digit(token.charAt(3), 16) : -1;
        int low = is ? Character.digit(token.charAt(4), 16) : -1;
        return high < 0 || low < 0 ? -1 : high << 4 | low;
    }

    private static void flush(ByteArrayOutputStream bytes, List<String> to) {
        if (bytes.size() == 0) {
            return;
        }
        try {
            to.add(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.toByteArray()))
                    .toString());
        } catch (CharacterCodingException e) {
            for (int i = 0; i < bytes.size(); i++) {
                to.add("\uFFFD");
            }
        }
        bytes.reset();
    }

    /** Each character of a token is a byte; all together are UTF-8. */
    static Decoder byteLevel() {
        return tokens -> {
            var bytes = new ByteArrayOutputStream();
            tokens.forEach(token -> bytes.writeBytes(ByteLevel.bytes(token)));
            return List.of(text(bytes.toByteArray()));
        };
    }

    /** Of what would be half of a surrogate pair each byte becomes a replacement character, as Unicode recommends; of Java's all are one. */
    private static String text(byte[] bytes) {
        for (int i = 0; i < bytes.length - 1; i++) {
            if (bytes[i] == (byte) 0xED && (bytes[i + 1] & 0xE0) == 0xA0) {
                bytes[i] = (byte) 0xFF;
            }
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
