package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The vocabulary of an uncased BERT as Google published it, {@value #FILE}: a piece a line, whose id is the line's number. */
public final class BertVocabulary {
    public static final String FILE = "vocab.txt";

    private static final List<String> SPECIAL = List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]");
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private BertVocabulary() {}

    /**
     * The tokenizer.json that Hugging Face makes of the same vocabulary: words in lower case, without accents.
     *
     * @throws BadFileException if it is no such file
     */
    public static byte[] tokenizerJson(String file, byte[] text) {
        Map<String, Integer> ids = ids(file, text);
        ObjectNode root = JSON.objectNode().put("version", "1.0");
        var added = root.putArray("added_tokens");
        for (String token : SPECIAL) {
            if (!ids.containsKey(token)) {
                throw new BadFileException(file, "has no line " + token + ": not the vocabulary of a BERT");
            }
            added.addObject()
                    .put("id", ids.get(token))
                    .put("content", token)
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", true);
        }
        root.putObject("normalizer")
                .put("type", "BertNormalizer")
                .put("clean_text", true)
                .put("handle_chinese_chars", true)
                .putNull("strip_accents")
                .put("lowercase", true);
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

    /** In the order of the lines. */
    private static Map<String, Integer> ids(String file, byte[] text) {
        String[] lines = utf8(file, text).split("\n", -1);
        int count = lines[lines.length - 1].isEmpty() ? lines.length - 1 : lines.length;
        Map<String, Integer> ids = LinkedHashMap.newLinkedHashMap(count);
        for (int id = 0; id < count; id++) {
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
