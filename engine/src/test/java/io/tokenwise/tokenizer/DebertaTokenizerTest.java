package io.tokenwise.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import io.tokenwise.testdata.NfkcCharsmap;
import io.tokenwise.testdata.WordNet;
import io.tokenwise.tokenizer.SentencePieceVocabulary.Layout;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** DeBERTa's tokenizer.json as transformers' DebertaV2Converter writes it, beside Hugging Face's library; and its spm.model beside that. */
public class DebertaTokenizerTest {
    private static final String FILE = Layout.DEBERTA.file;
    private static final List<String> SPECIAL = List.of("[PAD]", "[CLS]", "[SEP]", "[UNK]");
    private static final String MASK = "[MASK]";
    private static final String METASPACE = UnigramVocabulary.METASPACE.formatted("always", true);

    /** White space at the ends, of all sorts and around tokens, in the middle too; punctuation, and what the charsmap makes of some. */
    private static final List<String> SPACES = List.of(
            "",
            " ",
            "   ",
            "\t\n",
            "\u00a0",
            "\u3000 \u3000",
            "\u2581",
            "\u2581 the \u2581",
            " the",
            "the ",
            "  the man  ",
            "\tthe\n",
            "\u00a0the\u00a0\u00a0man\u3000",
            "\u3000the  man",
            "the   man    of \u2003 \u2003 a",
            "the\tman\r\nof",
            "\u200bthe\u200b",
            "\u0301the\u0301",
            "\u00bd  \u2122\u00b2 ",
            "THE Man, \u0130stanbul \u1e9e",
            "(the) man... of, the!?",
            " , the . ",
            "\u3001\u3002\uff01 \uff08the\uff09",
            "-- \u2014 \u00ab the \u00bb",
            "[MASK]",
            " [MASK] ",
            "the [MASK] of  [MASK]  the",
            " \t[CLS] the [SEP][SEP]\n",
            "a[PAD] [UNK] b[UNK]",
            "[unk] [mask] [UNK",
            "\uff3bUNK\uff3d \uff3bMASK\uff3d",
            "\ud83d\ude00 the \ud83d\ude00\ud83d\ude00",
            "<0x41> the\u0000man");

    /** Of each form; of tokenizers with one each there are more. */
    private static final int COUNT = Boolean.getBoolean("tokenwise.long") ? Sentences.COUNT : Sentences.COUNT / 4;

    private static final Map<String, Double> SCORES = new LinkedHashMap<>();
    private static List<String> glosses;
    private static String charsmap;

    /** The forms in which files are. */
    enum Form {
        PLAIN(false, false, sequence(METASPACE)),
        SMALL(true, false, sequence(METASPACE)),
        PUNCTUATION(false, true, sequence("{\"type\":\"Punctuation\",\"behavior\":\"Isolated\"}," + METASPACE)),
        SMALL_AND_PUNCTUATION(
                true, true, sequence("{\"type\":\"Punctuation\",\"behavior\":\"Isolated\"}," + METASPACE)),
        /** As before tokenizers 0.15. */
        OLD(
                false,
                false,
                sequence("{\"type\":\"Metaspace\",\"replacement\":\"\u2581\",\"add_prefix_space\":true,"
                        + "\"str_rep\":\"\u2581\"}")),
        ALONE(false, false, METASPACE);

        final boolean small;
        final boolean punctuation;
        final String cuts;

        Form(boolean small, boolean punctuation, String cuts) {
            this.small = small;
            this.punctuation = punctuation;
            this.cuts = cuts;
        }

        private static String sequence(String steps) {
            return "{\"type\":\"Sequence\",\"pretokenizers\":[" + steps + "]}";
        }
    }

    /** In the order of deberta-v3's: marks, bytes, which are only text, and pieces; letters of small ones and large ones. */
    @BeforeAll
    static void load() throws IOException {
        glosses = WordNet.load().glosses();
        charsmap = new NfkcCharsmap().base64();
        SPECIAL.forEach(token -> SCORES.put(token, 0.0));
        for (int i = 0; i < 256; i++) {
            SCORES.put("<0x%02X>".formatted(i), -30.0);
        }
        String[] words = glosses.stream()
                .limit(2_000)
                .flatMap(gloss -> Arrays.stream(gloss.split("\\W+")))
                .distinct()
                .toArray(String[]::new);
        UnigramVocabulary.of(words, 8_000).scores.forEach((piece, score) -> {
            if (score != 0) {
                SCORES.putIfAbsent(piece, score);
            }
        });
    }

    /** As the converter writes it; to transformers since 4.34 the unknown token is found in the normalized text. */
    private static byte[] json(Form form) {
        JsonMapper mapper = JsonMapper.shared();
        ObjectNode root = mapper.createObjectNode().put("version", "1.0");
        ArrayNode added = root.putArray("added_tokens");
        for (int id = 0; id <= SPECIAL.size(); id++) {
            boolean mask = id == SPECIAL.size();
            added.addObject()
                    .put("id", mask ? SCORES.size() : id)
                    .put("content", mask ? MASK : SPECIAL.get(id))
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", id == 3)
                    .put("special", true);
        }
        ArrayNode steps = root.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
        if (form.small) {
            steps.addObject().put("type", "Lowercase");
        }
        steps.addObject().put("type", "Strip").put("strip_left", true).put("strip_right", true);
        steps.addObject().put("type", "Precompiled").put("precompiled_charsmap", charsmap);
        steps.addObject()
                .put("type", "Replace")
                .put("content", " ")
                .putObject("pattern")
                .put("Regex", " {2,}");
        root.set("pre_tokenizer", mapper.readTree(form.cuts));
        root.set("post_processor", mapper.readTree("""
                {"type":"TemplateProcessing",
                 "single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"[SEP]","type_id":0}}],
                 "pair":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"[SEP]","type_id":0}},
                  {"Sequence":{"id":"B","type_id":1}},{"SpecialToken":{"id":"[SEP]","type_id":1}}],
                 "special_tokens":{"[CLS]":{"id":"[CLS]","ids":[1],"tokens":["[CLS]"]},"[SEP]":{"id":"[SEP]","ids":[2],"tokens":["[SEP]"]}}}"""));
        root.set("decoder", mapper.readTree(METASPACE));
        ObjectNode model = root.putObject("model").put("type", "Unigram").put("unk_id", 3);
        ArrayNode pieces = model.putArray("vocab");
        SCORES.forEach((piece, score) -> pieces.addArray().add(piece).add(score));
        model.put("byte_fallback", false);
        return mapper.writeValueAsBytes(root);
    }

    /** The same in SentencePiece's own file. */
    private static byte[] large() throws IOException {
        var pieces = new ArrayList<ByteString>();
        for (Map.Entry<String, Double> piece : SCORES.entrySet()) {
            int id = pieces.size();
            int kind = id < 3 ? 3 : id == 3 ? 2 : id < 260 ? 6 : 1;
            pieces.add(SentencePieceVocabularyTest.piece(piece.getKey(), piece.getValue(), kind));
        }
        return SentencePieceVocabularyTest.model(
                pieces, Base64.getDecoder().decode(charsmap), SentencePieceVocabularyTest.UNIGRAM, 3);
    }

    /** A small one, for folders. */
    public static byte[] model(String... pieces) throws IOException {
        var all = new ArrayList<ByteString>();
        for (String token : SPECIAL) {
            all.add(SentencePieceVocabularyTest.piece(token, 0, token.equals("[UNK]") ? 2 : 3));
        }
        for (String piece : pieces) {
            all.add(SentencePieceVocabularyTest.piece(piece, -1 - all.size(), 1));
        }
        return SentencePieceVocabularyTest.model(all, new byte[0], SentencePieceVocabularyTest.UNIGRAM, 3);
    }

    @Test
    void manyPiecesOfUsersAreNoVocabulary() throws IOException {
        var all = new ArrayList<ByteString>();
        for (String token : SPECIAL) {
            all.add(SentencePieceVocabularyTest.piece(token, 0, token.equals("[UNK]") ? 2 : 3));
        }
        for (int i = 0; i <= 2_000; i++) {
            all.add(SentencePieceVocabularyTest.piece("<" + i + ">", 0, 4));
        }
        byte[] model = SentencePieceVocabularyTest.model(all, new byte[0], SentencePieceVocabularyTest.UNIGRAM, 3);
        assertThatThrownBy(() -> converted(model, "{}"))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("has more than 2000 pieces of control or of users': no vocabulary");
    }

    private static byte[] converted(byte[] model, String config) {
        var beside = new SpecialTokens(json(config), json("{}"), json("{}"));
        return SentencePieceVocabulary.tokenizerJson(FILE, model, Layout.DEBERTA, beside);
    }

    private static JsonFile json(String text) {
        return JsonFile.parse("tokenizer_config.json", text.getBytes(StandardCharsets.UTF_8));
    }

    private static Tokenizer open(byte[] json) {
        return Tokenizer.open("tokenizer.json", json, 100_000);
    }

    private static List<String> tokens(Tokenizer tokenizer, String text) {
        return tokenizer.places(text).stream()
                .map(place -> HuggingFace.token(place.id(), place.start(), place.end()))
                .toList();
    }

    private static List<String> texts(long seed) {
        var random = new Random(seed);
        var sentences = new Sentences(seed, glosses);
        List<String> texts = new ArrayList<>(SPACES);
        for (int i = 0; i < COUNT; i++) {
            String text = sentences.next();
            String around = SPACES.get(random.nextInt(SPACES.size()));
            texts.add(
                    switch (i % 4) {
                        case 0 -> text;
                        case 1 -> around + text + around;
                        case 2 -> text.replace(" ", around);
                        default -> text.toUpperCase(Locale.ROOT) + around;
                    });
        }
        return texts;
    }

    @ParameterizedTest
    @EnumSource(Form.class)
    void tokensAndPlacesAreThoseOfTheLibrary(Form form) throws IOException {
        byte[] json = json(form);
        Tokenizer ours = open(json);
        Tokenizer fromModel = open(converted(
                large(), "{\"do_lower_case\":" + form.small + ",\"split_by_punct\":" + form.punctuation + "}"));
        try (var library = new HuggingFace(json)) {
            for (String text : texts(form.ordinal())) {
                List<String> expected = library.tokens(text);
                assertThat(tokens(ours, text)).as(text).isEqualTo(expected);
                assertThat(tokens(fromModel, text)).as(text).isEqualTo(expected);
                assertThat(fromModel.encode(text).ids())
                        .isEqualTo(ours.encode(text).ids())
                        .startsWith(1)
                        .endsWith(2);
            }
            List<String> pair = library.pair("the man", " of, the");
            for (Tokenizer tokenizer : List.of(ours, fromModel)) {
                int[] ids = tokenizer.encodePair("the man", " of, the", 40).ids();
                assertThat(Arrays.stream(ids).mapToObj(id -> TokenTypes.id(id) + ":" + TokenTypes.type(id)))
                        .isEqualTo(pair);
            }
        }
    }

    /** Which has another normalizer, and so makes other tokens of the same words. */
    @Test
    void asTransformers5WritesIt() throws IOException {
        byte[] json = JsonFile.replaced(
                "tokenizer.json",
                json(Form.PLAIN),
                "normalizer",
                JsonMapper.shared().readTree("""
                {"type":"Sequence","normalizers":[{"type":"Replace","pattern":{"Regex":"\\\\s{2,}|[\\\\n\\\\r\\\\t]"},"content":" "},
                 {"type":"NFC"},{"type":"Strip","strip_left":false,"strip_right":true}]}"""));
        Tokenizer ours = open(json);
        try (var library = new HuggingFace(json)) {
            for (String text : texts(9)) {
                assertThat(tokens(ours, text)).as(text).isEqualTo(library.tokens(text));
            }
            for (String space :
                    List.of("\t", "\n", "\r", "\u000b", "\f", "\u0085", "\u00a0", "\u3000", "\u2028", "\u200b")) {
                for (String row : List.of(space, space + space, " " + space, space + "\t")) {
                    String text = row + "a" + row + "b" + row;
                    assertThat(tokens(ours, text)).as(text).isEqualTo(library.tokens(text));
                }
            }
        }
    }

    @Test
    void aMaskMayBeAPieceOfTheFile() throws IOException {
        List<ByteString> pieces = new ArrayList<>();
        for (String token : List.of("[PAD]", "[CLS]", "[SEP]")) {
            pieces.add(SentencePieceVocabularyTest.piece(token, 0, 3));
        }
        pieces.add(SentencePieceVocabularyTest.piece("[UNK]", 0, 2));
        pieces.add(SentencePieceVocabularyTest.piece(MASK, 0, 4));
        pieces.add(SentencePieceVocabularyTest.piece("\u2581the", -1, 1));
        byte[] model = SentencePieceVocabularyTest.model(pieces, new byte[0], SentencePieceVocabularyTest.UNIGRAM, 3);
        Tokenizer tokenizer = open(converted(model, "{}"));
        assertThat(tokenizer.encode("the[MASK] THE").ids()).containsExactly(1, 5, 4, 3, 2);
        assertThat(tokenizer.vocabularySize()).isEqualTo(6);
    }

    @Test
    void otherModelsAreRefused() throws IOException {
        assertRefused(new byte[0], "has 0 pieces; supported: more than 0");
        assertRefused(
                SentencePieceVocabularyTest.model("\u2581the"),
                "has no piece [CLS]: not the vocabulary of a DebertaV2Tokenizer; others are read from a tokenizer.json");
        List<ByteString> pieces = new ArrayList<>();
        for (String token : SPECIAL) {
            pieces.add(SentencePieceVocabularyTest.piece(token, 0, 3));
        }
        for (int unknown : new int[] {-1, 4}) {
            assertRefused(
                    SentencePieceVocabularyTest.model(
                            pieces, new byte[0], SentencePieceVocabularyTest.UNIGRAM, unknown),
                    "unk_id is " + unknown + "; supported: the number of a piece, 0 to 3");
        }
        assertRefused(
                "version https://git-lfs.github.com/spec/v1\n".getBytes(StandardCharsets.UTF_8),
                "is a pointer of Git LFS and not the file itself");
        byte[] whole = large();
        assertRefused(Arrays.copyOf(whole, whole.length - 9), "is not a model of SentencePiece: ");
    }

    private static void assertRefused(byte[] model, String message) {
        assertThatThrownBy(() -> converted(model, "{}"))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith(FILE + ": " + message)
                .message()
                .hasLineCount(1);
    }
}
