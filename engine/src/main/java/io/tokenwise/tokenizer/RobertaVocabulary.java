package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import java.util.List;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The vocabulary of a RoBERTa as it was first published: pieces with their ids, {@value #FILE}, and merges of bytes, {@value #MERGES}, two pieces a line. */
public final class RobertaVocabulary {
    public static final String FILE = "vocab.json";
    public static final String MERGES = "merges.txt";

    private static final String BEGIN = "<s>";
    private static final String END = "</s>";

    private static final List<SpecialTokens.Usual> SPECIAL = List.of(
            new SpecialTokens.Usual("cls_token", BEGIN),
            new SpecialTokens.Usual("pad_token", "<pad>"),
            new SpecialTokens.Usual("sep_token", END),
            new SpecialTokens.Usual("unk_token", "<unk>"),
            new SpecialTokens.Usual("mask_token", "<mask>", true));

    private RobertaVocabulary() {}

    /**
     * The tokenizer.json that transformers makes of both (RobertaConverter in convert_slow_tokenizer.py).
     *
     * @param mergesFile the name to give the merges in messages
     * @param beside what lies beside them
     * @throws BadFileException if they are no such files
     */
    public static byte[] tokenizerJson(JsonFile vocabulary, String mergesFile, byte[] merges, SpecialTokens beside) {
        ObjectNode root = JsonNodeFactory.instance.objectNode().put("version", "1.0");
        beside.addTo(root, SPECIAL, token -> id(vocabulary, token));
        boolean prefixSpace = beside.config().flag("add_prefix_space", false);
        byteLevel(root.putObject("pre_tokenizer"), prefixSpace);
        ObjectNode frame = root.putObject("post_processor").put("type", "RobertaProcessing");
        frame.putArray("sep").add(END).add(id(vocabulary, END));
        frame.putArray("cls").add(BEGIN).add(id(vocabulary, BEGIN));
        frame.put("trim_offsets", true).put("add_prefix_space", prefixSpace);
        byteLevel(root.putObject("decoder"), true);
        ObjectNode model = root.putObject("model").put("type", "BPE");
        model.set("vocab", vocabulary.root());
        addMerges(model.putArray("merges"), mergesFile, merges);
        return JsonFile.format(root);
    }

    private static void byteLevel(ObjectNode part, boolean prefixSpace) {
        part.put("type", "ByteLevel").put("add_prefix_space", prefixSpace).put("trim_offsets", true);
    }

    private static int id(JsonFile vocabulary, String token) {
        if (!vocabulary.has(token)) {
            throw new BadFileException(vocabulary.file(), "has no " + token + ": not the vocabulary of a RoBERTa");
        }
        return vocabulary.integer(token, 0, Integer.MAX_VALUE);
    }

    /** The first line says which version of the form it is: in Python it is none of the merges, whatever stands there, and nor is what has no end. */
    private static void addMerges(ArrayNode to, String file, byte[] text) {
        String[] lines = BertVocabulary.lines(file, text);
        if (lines.length == 0 || !lines[0].startsWith("#version") || text[text.length - 1] != '\n') {
            throw new BadFileException(file, "must begin with a line #version and end with the end of a line");
        }
        for (int i = 1; i < lines.length; i++) {
            String line = lines[i];
            int space = line.indexOf(' ');
            if (space <= 0 || space == line.length() - 1 || line.indexOf(' ', space + 1) >= 0) {
                throw new BadFileException(file, "line " + (i + 1) + " must be two pieces with a space between them");
            }
            to.add(line);
        }
    }
}
