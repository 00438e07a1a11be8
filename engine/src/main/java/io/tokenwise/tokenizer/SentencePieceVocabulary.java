package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import io.tokenwise.tokenizer.SentencePieceFile.Piece;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The vocabulary of an XLM-RoBERTa or a CamemBERT in SentencePiece's own file, {@value #FILE}. */
public final class SentencePieceVocabulary {
    public static final String FILE = "sentencepiece.bpe.model";

    private static final String BEGIN = "<s>";
    private static final String END = "</s>";
    private static final String UNKNOWN = "<unk>";
    private static final int UNKNOWN_ID = 3;
    private static final String MASK = "<mask>";
    private static final String MARK = "\u2581";

    private static final List<SpecialTokens.Usual> SPECIAL = List.of(
            new SpecialTokens.Usual("cls_token", BEGIN),
            new SpecialTokens.Usual("pad_token", "<pad>"),
            new SpecialTokens.Usual("sep_token", END),
            new SpecialTokens.Usual("unk_token", UNKNOWN),
            new SpecialTokens.Usual("mask_token", MASK, true));

    private SentencePieceVocabulary() {}

    /** Which ids pieces have: those of fairseq's dictionaries, which put other tokens before them. */
    public enum Layout {
        XLM_ROBERTA(
                "XLMRobertaTokenizer",
                "xlm-roberta",
                3,
                List.of(token(BEGIN), token("<pad>"), token(END), token(UNKNOWN))),
        CAMEMBERT(
                "CamembertTokenizer",
                "camembert",
                1,
                List.of(
                        token("<s>NOTUSED"),
                        token("<pad>"),
                        token("</s>NOTUSED"),
                        token(UNKNOWN),
                        new Piece("<unk>NOTUSED", -100, true)));

        /** What transformers calls the tokenizer. */
        public final String tokenizerClass;

        /** Of the models that have it where nothing is said of the tokenizer. */
        public final String modelType;

        /** The first piece of the file that has an id; those before it have other ones, or none. */
        private final int from;

        private final List<Piece> first;

        Layout(String tokenizerClass, String modelType, int from, List<Piece> first) {
            this.tokenizerClass = tokenizerClass;
            this.modelType = modelType;
            this.from = from;
            this.first = first;
        }
    }

    private static Piece token(String text) {
        return new Piece(text, 0, true);
    }

    /**
     * The tokenizer.json that transformers makes of it (XLMRobertaConverter and CamembertConverter in convert_slow_tokenizer.py at 00111b31).
     *
     * @param beside what lies beside it
     * @throws BadFileException if it is no such file
     */
    public static byte[] tokenizerJson(String file, byte[] model, Layout layout, SpecialTokens beside) {
        SentencePieceFile read = SentencePieceFile.read(file, model);
        List<Piece> pieces = pieces(file, read, layout);
        List<String> texts = pieces.stream().map(Piece::text).toList();
        ObjectNode root = JsonNodeFactory.instance.objectNode().put("version", "1.0");
        List<SpecialTokens.Usual> unused = layout.first.stream()
                .filter(token ->
                        SPECIAL.stream().noneMatch(usual -> usual.text().equals(token.text())))
                .map(token -> new SpecialTokens.Usual("", token.text()))
                .toList();
        beside.addTo(root, Stream.concat(SPECIAL.stream(), unused.stream()).toList(), token -> id(file, texts, token));
        normalizer(root.putObject("normalizer"), read.charsmap());
        metaspace(root.putObject("pre_tokenizer"));
        ObjectNode frame = root.putObject("post_processor").put("type", "RobertaProcessing");
        frame.putArray("sep").add(END).add(id(file, texts, END));
        frame.putArray("cls").add(BEGIN).add(id(file, texts, BEGIN));
        frame.put("trim_offsets", false).put("add_prefix_space", true);
        metaspace(root.putObject("decoder"));
        return json(root, pieces);
    }

    private static List<Piece> pieces(String file, SentencePieceFile read, Layout layout) {
        int from = layout.from;
        if (read.pieces().size() <= from
                || !read.pieces().subList(0, from).stream().allMatch(Piece::isMark)) {
            throw new BadFileException(
                    file,
                    "has " + read.pieces().size() + " pieces; supported: more than " + from
                            + ", of which the first are <unk>, <s> and </s>");
        }
        List<Piece> others = read.pieces().subList(from, read.pieces().size());
        others.stream()
                .filter(piece -> piece.isMark()
                        && SPECIAL.stream().noneMatch(usual -> usual.text().equals(piece.text())))
                .findFirst()
                .ifPresent(piece -> {
                    throw new BadFileException(
                            file,
                            "has a token of control, " + piece.text() + "; supported: <s> and </s>; others are read"
                                    + " from a tokenizer.json");
                });
        var pieces = new ArrayList<Piece>(layout.first);
        pieces.addAll(others);
        pieces.add(token(MASK));
        return pieces;
    }

    private static int id(String file, List<String> texts, String token) {
        int id = texts.indexOf(token);
        if (id < 0) {
            throw new BadFileException(file, "has no piece " + token);
        }
        return id;
    }

    private static void normalizer(ObjectNode normalizer, byte[] charsmap) {
        var steps = normalizer.put("type", "Sequence").putArray("normalizers");
        if (charsmap.length > 0) {
            steps.addObject()
                    .put("type", "Precompiled")
                    .put("precompiled_charsmap", Base64.getEncoder().encodeToString(charsmap));
        }
        steps.addObject().put("type", "Strip").put("strip_left", false).put("strip_right", true);
        ObjectNode spaces = steps.addObject().put("type", "Replace").put("content", MARK);
        spaces.putObject("pattern").put("Regex", " {2,}");
    }

    private static void metaspace(ObjectNode part) {
        part.put("type", "Metaspace")
                .put("replacement", MARK)
                .put("prepend_scheme", "always")
                .put("split", true);
    }

    /** As a stream: hundreds of thousands of pieces would be as many trees. */
    private static byte[] json(ObjectNode root, List<Piece> pieces) {
        var written = new ByteArrayOutputStream();
        try (JsonGenerator out = JsonMapper.shared().createGenerator(written)) {
            out.writeStartObject();
            root.forEachEntry((name, part) -> {
                out.writeName(name);
                out.writeTree(part);
            });
            out.writeName("model");
            out.writeStartObject();
            out.writeStringProperty("type", "Unigram");
            out.writeNumberProperty("unk_id", UNKNOWN_ID);
            out.writeName("vocab");
            out.writeStartArray();
            for (Piece piece : pieces) {
                out.writeStartArray();
                out.writeString(piece.text());
                // The number as it is, not the shortest one that rounds to it.
                out.writeNumber((double) piece.score());
                out.writeEndArray();
            }
            out.writeEndArray();
            out.writeEndObject();
            out.writeEndObject();
        }
        return written.toByteArray();
    }
}
