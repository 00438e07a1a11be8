package io.tokenwise.tokenizer;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import io.tokenwise.tokenizer.SentencePieceFile.Kind;
import io.tokenwise.tokenizer.SentencePieceFile.Piece;
import io.tokenwise.tokenizer.SpecialTokens.Usual;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The vocabulary of an XLM-RoBERTa, a CamemBERT or a DeBERTa in SentencePiece's own file. */
public final class SentencePieceVocabulary {
    private static final String MARK = "\u2581";

    /** Of pieces that are found as they stand, beside the usual ones; published files have a few. */
    private static final int MOST_ADDED = 2_000;

    /** What fairseq's dictionaries call the tokens of marks. */
    private static final List<Usual> OF_FAIRSEQ = List.of(
            new Usual("cls_token", "<s>"),
            new Usual("pad_token", "<pad>"),
            new Usual("sep_token", "</s>"),
            new Usual("unk_token", "<unk>"),
            new Usual("mask_token", "<mask>", true));

    private static final List<Usual> OF_DEBERTA = List.of(
            new Usual("cls_token", "[CLS]"),
            new Usual("pad_token", "[PAD]"),
            new Usual("sep_token", "[SEP]"),
            new Usual("unk_token", "[UNK]", false, true, true),
            new Usual("mask_token", "[MASK]"));

    private SentencePieceVocabulary() {}

    /** Which ids pieces have: those of the file, or of fairseq's dictionaries, which put other tokens before them. */
    public enum Layout {
        XLM_ROBERTA(
                "XLMRobertaTokenizer",
                "xlm-roberta",
                "sentencepiece.bpe.model",
                3,
                List.of(token("<s>"), token("<pad>"), token("</s>"), token("<unk>"))),
        CAMEMBERT(
                "CamembertTokenizer",
                "camembert",
                "sentencepiece.bpe.model",
                1,
                List.of(
                        token("<s>NOTUSED"),
                        token("<pad>"),
                        token("</s>NOTUSED"),
                        token("<unk>"),
                        new Piece("<unk>NOTUSED", -100, Kind.CONTROL))),
        DEBERTA("DebertaV2Tokenizer", "deberta-v2", "spm.model", 0, List.of());

        /** What transformers calls the tokenizer. */
        public final String tokenizerClass;

        /** Of the models that have it where nothing is said of the tokenizer. */
        public final String modelType;

        /** What transformers calls the file. */
        public final String file;

        /** The first piece of the file that has an id; those before it have other ones, or none. */
        private final int from;

        private final List<Piece> first;

        Layout(String tokenizerClass, String modelType, String file, int from, List<Piece> first) {
            this.tokenizerClass = tokenizerClass;
            this.modelType = modelType;
            this.file = file;
            this.from = from;
            this.first = first;
        }

        private boolean isOfFairseq() {
            return this != DEBERTA;
        }

        private List<Usual> special() {
            return isOfFairseq() ? OF_FAIRSEQ : OF_DEBERTA;
        }

        private String marked(String key) {
            return special().stream()
                    .filter(token -> token.key().equals(key))
                    .map(Usual::text)
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static Piece token(String text) {
        return new Piece(text, 0, Kind.CONTROL);
    }

    /**
     * The tokenizer.json that transformers makes of it (XLMRobertaConverter, CamembertConverter and DebertaV2Converter in convert_slow_tokenizer.py at 00111b31).
     *
     * @param beside what lies beside it
     * @throws BadFileException if it is no such file
     */
    public static byte[] tokenizerJson(String file, byte[] model, Layout layout, SpecialTokens beside) {
        SentencePieceFile read = SentencePieceFile.read(file, model);
        List<Piece> pieces = pieces(file, read, layout);
        Map<String, Integer> ids = ids(file, pieces, layout);
        ObjectNode root = JsonNodeFactory.instance.objectNode().put("version", "1.0");
        beside.addTo(root, added(file, pieces, layout), ids::get);
        if (layout.isOfFairseq()) {
            normalizer(root.putObject("normalizer"), read.charsmap());
            metaspace(root.putObject("pre_tokenizer"));
        } else {
            debertasSteps(root, read.charsmap(), beside.config());
        }
        ObjectNode frame = root.putObject("post_processor")
                .put("type", layout.isOfFairseq() ? "RobertaProcessing" : "BertProcessing");
        for (String mark : List.of("sep", "cls")) {
            String token = layout.marked(mark + "_token");
            frame.putArray(mark).add(token).add(ids.get(token));
        }
        if (layout.isOfFairseq()) {
            frame.put("trim_offsets", false).put("add_prefix_space", true);
        }
        metaspace(root.putObject("decoder"));
        return json(root, pieces, layout.isOfFairseq() ? ids.get("<unk>") : unknown(file, read));
    }

    private static int unknown(String file, SentencePieceFile read) {
        int most = read.pieces().size() - 1;
        if (read.unknown() < 0 || read.unknown() > most) {
            throw new BadFileException(
                    file, "unk_id is " + read.unknown() + "; supported: the number of a piece, 0 to " + most);
        }
        return read.unknown();
    }

    private static List<Piece> pieces(String file, SentencePieceFile read, Layout layout) {
        int from = layout.from;
        if (read.pieces().size() <= from
                || !read.pieces().subList(0, from).stream().allMatch(Piece::isMark)) {
            throw new BadFileException(
                    file,
                    "has " + read.pieces().size() + " pieces; supported: more than " + from
                            + (from > 0 ? ", of which the first are <unk>, <s> and </s>" : ""));
        }
        var pieces = new ArrayList<Piece>(layout.first);
        pieces.addAll(read.pieces().subList(from, read.pieces().size()));
        if (layout.isOfFairseq()) {
            pieces.add(token(layout.marked("mask_token")));
        }
        return pieces;
    }

    /** Of pieces, and of the mask, which in DeBERTa's file is none. */
    private static Map<String, Integer> ids(String file, List<Piece> pieces, Layout layout) {
        Map<String, Integer> ids = HashMap.newHashMap(pieces.size() + 1);
        for (int id = 0; id < pieces.size(); id++) {
            ids.putIfAbsent(pieces.get(id).text(), id);
        }
        ids.putIfAbsent(layout.marked("mask_token"), pieces.size());
        for (Usual token : layout.special()) {
            if (!ids.containsKey(token.text())) {
                throw new BadFileException(
                        file,
                        "has no piece " + token.text() + ": not the vocabulary of a " + layout.tokenizerClass
                                + "; others are read from a tokenizer.json");
            }
        }
        return ids;
    }

    /** Tokens of control are no text; what users wanted whole is, and is found as it stands. */
    private static List<Usual> added(String file, List<Piece> pieces, Layout layout) {
        Set<String> special = layout.special().stream().map(Usual::text).collect(Collectors.toSet());
        List<Usual> others = pieces.stream()
                .filter(piece -> piece.kind() == Kind.CONTROL || piece.kind() == Kind.USERS)
                .filter(piece -> !special.contains(piece.text()))
                .map(piece -> new Usual("", piece.text(), false, false, piece.kind() == Kind.CONTROL))
                .limit(MOST_ADDED + 1L)
                .toList();
        if (others.size() > MOST_ADDED) {
            throw new BadFileException(
                    file, "has more than " + MOST_ADDED + " pieces of control or of users': no vocabulary");
        }
        return Stream.concat(layout.special().stream(), others.stream()).toList();
    }

    private static void normalizer(ObjectNode normalizer, byte[] charsmap) {
        var steps = normalizer.put("type", "Sequence").putArray("normalizers");
        precompiled(steps, charsmap);
        steps.addObject().put("type", "Strip").put("strip_left", false).put("strip_right", true);
        spaces(steps, MARK);
    }

    /** @param config tokenizer_config.json */
    private static void debertasSteps(ObjectNode root, byte[] charsmap, JsonFile config) {
        var steps = root.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
        if (config.flag("do_lower_case", false)) {
            steps.addObject().put("type", "Lowercase");
        }
        steps.addObject().put("type", "Strip").put("strip_left", true).put("strip_right", true);
        precompiled(steps, charsmap);
        spaces(steps, " ");
        var cuts = root.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
        if (config.flag("split_by_punct", false)) {
            cuts.addObject().put("type", "Punctuation").put("behavior", "Isolated");
        }
        metaspace(cuts.addObject());
    }

    private static void precompiled(ArrayNode steps, byte[] charsmap) {
        if (charsmap.length > 0) {
            steps.addObject()
                    .put("type", "Precompiled")
                    .put("precompiled_charsmap", Base64.getEncoder().encodeToString(charsmap));
        }
    }

    private static void spaces(ArrayNode steps, String by) {
        ObjectNode spaces = steps.addObject().put("type", "Replace").put("content", by);
        spaces.putObject("pattern").put("Regex", " {2,}");
    }

    private static void metaspace(ObjectNode part) {
        part.put("type", "Metaspace")
                .put("replacement", MARK)
                .put("prepend_scheme", "always")
                .put("split", true);
    }

    /** As a stream: hundreds of thousands of pieces would be as many trees. */
    private static byte[] json(ObjectNode root, List<Piece> pieces, int unknown) {
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
            out.writeNumberProperty("unk_id", unknown);
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
