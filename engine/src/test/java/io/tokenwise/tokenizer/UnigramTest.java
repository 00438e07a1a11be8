package io.tokenwise.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.tokenwise.TestModels;
import io.tokenwise.api.BadFileException;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.testdata.NfkcCharsmap;
import io.tokenwise.testdata.WordNet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

class UnigramTest {
    /** Python's string.punctuation, each with spaces around it. */
    private static final String SPACED = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
            .chars()
            .mapToObj(c -> (c == '"' || c == '\\' ? "\\" : "") + (char) c)
            .map(c -> "{\"type\":\"Replace\",\"pattern\":{\"String\":\"" + c + "\"},\"content\":\" " + c + " \"},")
            .collect(Collectors.joining())
            .replace("%", "%%");

    private static String[] wordPieces;
    private static List<String> glosses;
    private static String charsmap;

    /** The forms in which published files are. */
    enum Layout {
        /** XLM-RoBERTa and what was converted until 2022. */
        WHITE("[%s]", UnigramVocabulary.WHITE_AND_METASPACE, false),
        /** As transformers converts today: E5, BGE-M3. */
        STRIPPED(
                "[%s,{\"type\":\"Strip\",\"strip_left\":false,\"strip_right\":true},"
                        + "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\" {2,}\"},\"content\":\"\u2581\"}]",
                UnigramVocabulary.METASPACE.formatted("always", true), false),
        /** T5 and others: the text is not cut before the model, and bytes stand for what is in no piece. */
        WHOLE("[%s]", UnigramVocabulary.METASPACE.formatted("first", false), true),
        NOTHING_PUT_IN("[%s]", UnigramVocabulary.METASPACE.formatted("never", true), false),
        /** What model2vec 0.6 to 0.7 makes of BERT's tokenizer: pieces that go over spaces. */
        MODEL2VEC(
                "[{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":true,\"strip_accents\":null,\"lowercase\":true},"
                        + SPACED
                        + "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"\\\\s+\"},\"content\":\" \"},"
                        + "{\"type\":\"Strip\",\"strip_left\":true,\"strip_right\":true}]",
                UnigramVocabulary.METASPACE.formatted("always", false),
                false),
        /** And of bge-m3's. */
        MODEL2VEC_WITH_CHARSMAP(
                "[%s," + SPACED
                        + "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"\\\\s+\"},\"content\":\" \"},"
                        + "{\"type\":\"Strip\",\"strip_left\":true,\"strip_right\":true}]",
                "{\"type\":\"Sequence\",\"pretokenizers\":[" + UnigramVocabulary.METASPACE.formatted("always", false)
                        + "]}",
                false);

        final String normalizers;
        final String preTokenizer;
        final boolean bytes;

        Layout(String normalizers, String preTokenizer, boolean bytes) {
            this.normalizers = normalizers;
            this.preTokenizer = preTokenizer;
            this.bytes = bytes;
        }

        byte[] json() {
            UnigramVocabulary vocabulary = UnigramVocabulary.of(wordPieces, 8_000);
            vocabulary.normalizer = "{\"type\":\"Sequence\",\"normalizers\":"
                    + normalizers.formatted("{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"" + charsmap + "\"}")
                    + "}";
            vocabulary.preTokenizer = preTokenizer;
            vocabulary.scores.put("\u2581of\u2581the", -4.0);
            return (bytes ? vocabulary.withBytes() : vocabulary).json();
        }
    }

    @BeforeAll
    static void load() throws IOException {
        try (ModelFiles files = TestModels.files("minilm")) {
            Tokenizer minilm = Tokenizer.open("minilm", files.tokenizer().json(), 256);
            wordPieces = minilm.tokens(IntStream.range(1_996, 14_000).toArray()).toArray(String[]::new);
        }
        glosses = WordNet.load().glosses();
        charsmap = new NfkcCharsmap().base64();
    }

    private static Tokenizer open(byte[] json) {
        return Tokenizer.open("tokenizer.json", json, 100_000);
    }

    private static List<String> tokens(Tokenizer tokenizer, String text) {
        List<Tokenizer.Place> places = tokenizer.places(text);
        assertThat(tokenizer.encodeAll(text))
                .isEqualTo(places.stream().mapToInt(Tokenizer.Place::id).toArray());
        return places.stream()
                .map(place -> HuggingFace.token(place.id(), place.start(), place.end()))
                .toList();
    }

    @ParameterizedTest
    @EnumSource(Layout.class)
    void tokensAndPlacesAreThoseOfTheLibrary(Layout layout) throws IOException {
        byte[] json = layout.json();
        Tokenizer ours = open(json);
        var sentences = new Sentences(2, glosses);
        try (var library = new HuggingFace(json)) {
            for (int i = 0; i < Sentences.COUNT; i++) {
                String text = sentences.next();
                assertThat(tokens(ours, text)).as(text).isEqualTo(library.tokens(text));
            }
        }
    }

    /** T5's: an end and no beginning, and a hundred tokens that stand for what is left out. */
    @Test
    void aTextMayHaveAnEndAlone() throws IOException {
        var mapper = JsonMapper.shared();
        var root = (ObjectNode) mapper.readTree(Layout.WHITE.json());
        root.set("post_processor", mapper.readTree("""
                {"type":"TemplateProcessing",
                 "single":[{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}}],
                 "pair":[{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}},
                  {"Sequence":{"id":"B","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}}],
                 "special_tokens":{"</s>":{"id":"</s>","ids":[2],"tokens":["</s>"]}}}"""));
        var vocabulary = (ArrayNode) root.get("model").get("vocab");
        for (int i = 99; i >= 0; i--) {
            String left = "<extra_id_" + i + ">";
            ((ArrayNode) root.get("added_tokens"))
                    .addObject()
                    .put("id", vocabulary.size())
                    .put("content", left)
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", true);
            vocabulary.addArray().add(left).add(0.0);
        }
        byte[] json = mapper.writeValueAsBytes(root);
        Tokenizer ours = open(json);
        var sentences = new Sentences(5, glosses);
        try (var library = new HuggingFace(json)) {
            for (int i = 0; i < 500; i++) {
                String text = sentences.next() + " <extra_id_0> in the <extra_id_1>.";
                int[] ids = ours.encode(text).ids();
                assertThat(ids).as(text).isEqualTo(library.ids(text)).endsWith(2);
                assertThat(ids[0]).isNotZero();
            }
        }
    }

    /** Beside a letter, a mark, and a digit that NFKC changes. */
    @Test
    void everyCharacterIsReadAsTheLibraryReadsIt() throws IOException {
        byte[] json = Layout.STRIPPED.json();
        Tokenizer ours = open(json);
        try (var library = new HuggingFace(json)) {
            EveryCharacter.forEachText(
                    x -> " a" + x + "b " + x + "\u0301\u00b2" + x,
                    text -> assertThat(tokens(ours, text)).as(text).isEqualTo(library.tokens(text)));
        }
    }

    /** The charsmap is asked for clusters: what joins, beside what it changes, of which a cluster's other characters go. */
    @Test
    void clustersAreTheLibrarys() throws IOException {
        int[] characters =
                ("ae\r\n\u0301\u0323\u0345\u00bd\uff21\u2122\u3297\u263a\ud83c\ude01\ud83c\udffb\ud83c\uddeb\u200c\u200d\u200b"
                                + "\u0600\ud804\udfd1\u0915\u0917\u095a\u0958\u093c\u094d\u093f\u0941\u0995\u09df\u09cd\u09be\u0aae\u0acd\u0b5c\u0b4d"
                                + "\u0c15\u0c4d\u0d15\u0d4d\u0d3e\u0e33\u0eb3\u1100\u1161\u11a8\uac00\uac01\uff9e\uff76\uffa1\uffc2\u3099\u1037\u1038\u1039"
                                + "\u0bbe\u302e\ud834\udd65\ud804\udc47")
                        .codePoints()
                        .toArray();
        byte[] json = Layout.STRIPPED.json();
        Tokenizer ours = open(json);
        Random random = new Random(4);
        try (var library = new HuggingFace(json)) {
            for (String conjunct : List.of(
                    "\u092b\u094d\u095a\u0301",
                    "\u0995\u0301\u09cd\u200d\u09df\u0301",
                    "\u0b15\u0b4d\u0b5c\u0301",
                    "\u094d\u095a\u0301")) {
                assertThat(tokens(ours, conjunct)).as(conjunct).isEqualTo(library.tokens(conjunct));
            }
            for (int i = 0; i < Sentences.COUNT; i++) {
                String text = random.ints(random.nextInt(20), 0, characters.length)
                        .map(at -> characters[at])
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString();
                assertThat(tokens(ours, text)).as(text).isEqualTo(library.tokens(text));
            }
        }
    }

    /** All ways to cut a row of a letter have the same sum, or nearly. */
    @Test
    void tiesAreBrokenAsTheLibraryBreaksThem() throws IOException {
        Random random = new Random(3);
        for (int round = 0; round < 60; round++) {
            UnigramVocabulary vocabulary = UnigramVocabulary.of(new String[0], 110);
            for (int i = 0; i < 40; i++) {
                String piece = letters(random, 1 + random.nextInt(5));
                vocabulary.scores.put(
                        piece,
                        switch (round % 3) {
                            case 0 -> -(double) piece.length();
                            case 1 -> -random.nextInt(4) / 2.0;
                            // The same pieces in another order have sums that differ by how the scores were rounded.
                            default -> -12 * random.nextDouble();
                        });
            }
            vocabulary.scores.remove("c");
            byte[] json = (round % 4 == 0 ? vocabulary.withBytes() : vocabulary).json();
            Tokenizer ours = open(json);
            try (var library = new HuggingFace(json)) {
                for (int i = 0; i < 60; i++) {
                    String text = letters(random, random.nextInt(30)) + (i % 5 == 0 ? "\ud83d\ude00\u4e00" : "");
                    assertThat(tokens(ours, text)).as(text).isEqualTo(library.tokens(text));
                }
            }
        }
    }

    private static String letters(Random random, int length) {
        return random.ints(length, 'a', 'd')
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    @Test
    void specialTokensInTextsAreFoundAsTheLibraryFindsThem() throws IOException {
        for (Layout layout : Layout.values()) {
            String json = new String(layout.json(), StandardCharsets.UTF_8);
            for (String flags : List.of(
                    "\"single_word\":true,\"lstrip\":false,\"rstrip\":false,\"normalized\":false",
                    "\"single_word\":false,\"lstrip\":true,\"rstrip\":true,\"normalized\":false",
                    "\"single_word\":false,\"lstrip\":false,\"rstrip\":true,\"normalized\":true",
                    "\"single_word\":true,\"lstrip\":true,\"rstrip\":false,\"normalized\":true")) {
                String changed = json.replace(
                        "\"content\":\"<mask>\",\"single_word\":false,\"lstrip\":true,\"rstrip\":false,\"normalized\":false",
                        "\"content\":\"<mask>\"," + flags);
                assertThat(changed).contains(flags);
                Tokenizer ours = open(changed.getBytes(StandardCharsets.UTF_8));
                try (var library = new HuggingFace(changed.getBytes(StandardCharsets.UTF_8))) {
                    for (String text : List.of(
                            "<mask>",
                            "the <mask> of  <mask>  <mask>the",
                            "a<mask>b <mask>c d<mask> \u00a0<mask>\u3000",
                            "  <mask>\t\n",
                            "<s>a</s> <s><mask></s>b</s",
                            "\uff1cmask\uff1e x<mask>1_<mask>_")) {
                        assertThat(tokens(ours, text))
                                .as(layout + " " + flags + " " + text)
                                .isEqualTo(library.tokens(text));
                    }
                }
            }
        }
    }

    @Test
    void tokensBecomeTheTextThatTheLibraryMakesOfThem() throws IOException {
        byte[] json = Layout.WHITE.json();
        Tokenizer ours = open(json);
        var scripts = new TenScripts(5);
        try (var library = new HuggingFace(json)) {
            for (int i = 0; i < 200; i++) {
                int[] ids = ours.encode(i % 2 == 0 ? glosses.get(i) : scripts.sentence())
                        .ids();
                assertThat(ours.decode(ids, false)).isEqualTo(library.decode(ids, true));
                assertThat(ours.decode(ids, true)).isEqualTo(library.decode(ids, false));
            }
        }
    }

    @Test
    void aWordGoesOnUntilTheNextMark() {
        Tokenizer ours = open(Layout.WHITE.json());
        int[] ids = ours.encode("the the").ids();
        assertThat(ids).hasSize(4);
        assertThat(ours.continuesWord(ids[1])).isFalse();
        assertThat(ours.continuesWord(ids[0])).isFalse();
        assertThat(ours.continuesWord(ours.id("a").orElseThrow())).isTrue();
    }

    /** Of 100,000 characters in one word all pieces are looked at once; the longest piece bounds what one costs. */
    @ParameterizedTest
    @EnumSource(Layout.class)
    @Timeout(20)
    void longWordsTakeATimeThatGrowsAsTheyDo(Layout layout) {
        Tokenizer ours = open(layout.json());
        for (String part : List.of("a", "\u0301", "\u4e00", "\ud83d\ude00", "q", " ", "\u200b", "\u00b2", "<mas")) {
            assertThat(ours.encodeAll(part.repeat(100_000)).length).isLessThanOrEqualTo(100_000 * part.length() * 4);
            assertThat(ours.encode("x " + part.repeat(100_000), 8).ids().length).isLessThanOrEqualTo(8);
        }
    }

    @Test
    void brokenCharactersAreLeftOut() {
        Tokenizer ours = open(Layout.WHITE.json());
        assertThat(ours.encodeAll("the \ud800th\udc00e")).isEqualTo(ours.encodeAll("the the"));
        UnigramVocabulary plain = UnigramVocabulary.of(new String[] {"the"}, 110);
        Tokenizer withoutNormalizer = open(plain.json());
        assertThat(withoutNormalizer.encodeAll("a\ud800b")).isEqualTo(withoutNormalizer.encodeAll("ab"));
    }

    static Stream<Arguments> badFiles() {
        return Stream.of(
                arguments("[\"!\",", "[\"a\",", "model.vocab: pieces 5 and "),
                arguments("[\"!\",", "[\"\",", "piece 5 has 0 chars; supported: 1 to 1000"),
                arguments("[\"!\",", "[\"" + "x".repeat(1_001) + "\",", "piece 5 has 1001 chars"),
                arguments("[\"!\",", "[7,", "model.vocab: entry 5 must be a piece and its score"),
                arguments("[\"!\",", "[\"!\",\"1\",", "model.vocab: entry 5 must be"),
                arguments("[\"!\",", "[\"!\",1,", "model.vocab: entry 5 must be"),
                arguments("[\"!\",", "[\"!\",1e999],[\"!!\",", "model.vocab: entry 5 must be"),
                arguments("[\"!\",", "[\"!\",NaN],[\"!!\",", "is not valid JSON"),
                arguments("[\"!\",", "[\"!\"],[\"!!\",", "model.vocab: entry 5 must be"),
                arguments("\"unk_id\":3", "\"unk_id\":null", "unk_id is missing; supported: an integer from 0 to 98"),
                arguments("\"unk_id\":3", "\"unk_id\":111", "unk_id is 111; supported: an integer from 0 to 98"),
                arguments("\"id\":98,", "\"id\":97,", "added token <mask> has not the id"),
                arguments("\"Metaspace\"", "\"Unheard\"", "pre_tokenizer.type is Unheard; supported: Metaspace"),
                arguments("\"split\":true", "\"split\":1", "split is 1; supported: true or false"),
                arguments(
                        "\"always\"",
                        "\"sometimes\"",
                        "prepend_scheme is \"sometimes\"; supported: always or first or never"),
                arguments(
                        "\"replacement\":\"\u2581\"",
                        "\"replacement\":\"__\"",
                        "replacement is \"__\"; supported: one character"),
                arguments("\"id\":\"B\"", "\"id\":\"A\"", "post_processor.pair must be"),
                arguments(
                        "\"normalizer\":null",
                        "\"normalizer\":{\"type\":\"Unheard\"}",
                        "normalizer.type is Unheard; supported: Precompiled"),
                arguments(
                        "\"normalizer\":null",
                        "\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"(a+)+b\"},\"content\":\"\"}",
                        "normalizer: pattern is {\"Regex\":\"(a+)+b\"}; supported"),
                arguments(
                        "\"normalizer\":null",
                        "\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"?\"}",
                        "normalizer.precompiled_charsmap is not base64"),
                arguments(
                        "\"normalizer\":null",
                        "\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAAA\"}",
                        "normalizer.precompiled_charsmap has 3 bytes"),
                arguments(
                        "\"normalizer\":null",
                        "\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"////fwAAAAAAAAAA\"}",
                        "says that its trie has 2147483647 of 8 bytes"));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("badFiles")
    void badFileIsRefused(String good, String bad, String fact) {
        String json = new String(UnigramVocabulary.of(new String[] {"the"}, 110).json(), StandardCharsets.UTF_8);
        assertThat(json).contains(good);
        assertThatThrownBy(() -> open(json.replace(good, bad).getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith("tokenizer.json: ")
                .hasMessageContaining(fact)
                .message()
                .hasLineCount(1);
    }

    @Test
    @Timeout(60)
    void damagedCharsmapWorksOrIsRefused() {
        byte[] whole = Base64.getDecoder().decode(charsmap);
        Random random = new Random(6);
        List<String> texts = new ArrayList<>();
        var scripts = new TenScripts(8);
        for (int i = 0; i < 20; i++) {
            texts.add(scripts.sentence());
        }
        int refused = 0;
        for (int i = 0; i < 500; i++) {
            byte[] damaged = whole.clone();
            for (int flips = 1 + random.nextInt(200); flips > 0; flips--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            }
            try {
                Charsmap read = Charsmap.read("f", Base64.getEncoder().encodeToString(damaged));
                for (String text : texts) {
                    var normalized = new Normalized("f", text, true);
                    read.normalize(normalized);
                    assertThat(normalized.toString().length()).isLessThan(1 << 24);
                }
            } catch (BadFileException e) {
                refused++;
            }
        }
        assertThat(refused).isBetween(100, 500);
    }
}
