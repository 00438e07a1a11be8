package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The vocabulary of a BERT as Google published it, {@value #FILE}: a piece a line, whose id is the line's number. */
public final class BertVocabulary {
    public static final String FILE = "vocab.txt";

    /** Published vocabularies have up to 501,153. */
    private static final int MOST_LINES = 1 << 19;

    private static final String ACCENTS = "strip_accents";

    private static final List<SpecialTokens.Usual> SPECIAL = List.of(
            new SpecialTokens.Usual("pad_token", "[PAD]"),
            new SpecialTokens.Usual("unk_token", "[UNK]"),
            new SpecialTokens.Usual("cls_token", "[CLS]"),
            new SpecialTokens.Usual("sep_token", "[SEP]"),
            new SpecialTokens.Usual("mask_token", "[MASK]"));

    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private BertVocabulary() {}

    /**
     * The tokenizer.json that Hugging Face makes of the same vocabulary: words in lower case, without accents.
     *
     * @throws BadFileException if it is no such file
     */
    public static byte[] tokenizerJson(String file, byte[] text) {
        return tokenizerJson(file, text, SpecialTokens.usual(file));
    }

    /**
     * The one that transformers makes of it (BertConverter in convert_slow_tokenizer.py).
     *
     * @param beside what lies beside it, and says whether words keep their case and accents
     * @throws BadFileException if it is no such file
     */
    public static byte[] tokenizerJson(String file, byte[] text, SpecialTokens beside) {
        Map<String, Integer> ids = ids(file, text);
        ObjectNode root = JSON.objectNode().put("version", "1.0");
        beside.addTo(root, SPECIAL, token -> {
            if (!ids.containsKey(token)) {
                throw new BadFileException(file, "has no line " + token + ": not the vocabulary of a BERT");
            }
            return ids.get(token);
        });
        root.set("normalizer", normalizer(beside.config()));
        root.putObject("pre_tokenizer").put("type", "BertPreTokenizer");
        ObjectNode frame = root.putObject("post_processor").put("type", "BertProcessing");
        frame.putArray("sep").add("[SEP]").add(ids.get("[SEP]"));
        frame.putArray("cls").add("[CLS]").add(ids.get("[CLS]"));
        root.putObject("decoder").put("type", "WordPiece").put("prefix", "##").put("cleanup", true);
        ObjectNode model = root.putObject("model")
                .put("type", "WordPiece")
                .put("unk_token", "[UNK]")
                .put("continuing_subword_prefix", "##")
                .put("max_input_chars_per_word", 100);
        ids.forEach(model.putObject("vocab")::put);
        return JsonFile.format(root);
    }

    private static ObjectNode normalizer(JsonFile config) {
        if (!config.flag("do_basic_tokenize", true)) {
            throw config.refuse("do_basic_tokenize", "true");
        }
        ObjectNode normalizer = JSON.objectNode()
                .put("type", "BertNormalizer")
                .put("clean_text", true)
                .put("handle_chinese_chars", config.flag("tokenize_chinese_chars", true))
                .putNull(ACCENTS)
                .put("lowercase", config.flag("do_lower_case", true));
        return config.has(ACCENTS) ? normalizer.put(ACCENTS, config.flag(ACCENTS, true)) : normalizer;
    }

    /** In the order of the lines. */
    private static Map<String, Integer> ids(String file, byte[] text) {
        String[] lines = lines(file, text);
        Map<String, Integer> ids = LinkedHashMap.newLinkedHashMap(lines.length);
        for (int id = 0; id < lines.length; id++) {
            String piece = lines[id];
            if (piece.isEmpty() || ids.putIfAbsent(piece, id) != null) {
                throw new BadFileException(
                        file,
                        "line " + (id + 1) + " is "
                                + (piece.isEmpty() ? "empty" : "the same as line " + (ids.get(piece) + 1))
                                + "; each must be a piece");
            }
        }
        return ids;
    }

    /** What Python's text files call lines, but for the empty one behind a last end. */
    static String[] lines(String file, byte[] text) {
        int ends = 0;
        byte before = 0;
        for (byte each : text) {
            ends += each == '\r' || each == '\n' && before != '\r' ? 1 : 0;
            before = each;
        }
        if (text.length > JsonFile.MAX_BYTES || ends > MOST_LINES) {
            throw new BadFileException(
                    file,
                    "has " + text.length + " bytes and " + ends + " ends of lines; supported: up to "
                            + JsonFile.MAX_BYTES + " bytes and " + MOST_LINES + " lines");
        }
        String[] lines = utf8(file, text).split("\r\n|\r|\n", -1);
        return lines[lines.length - 1].isEmpty() ? Arrays.copyOf(lines, lines.length - 1) : lines;
    }

    private static String utf8(String file, byte[] text) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(text))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new BadFileException(file, "is not UTF-8", e);
        }
    }
}
