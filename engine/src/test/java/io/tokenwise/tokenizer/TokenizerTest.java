package io.tokenwise.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import io.tokenwise.TestModels;
import io.tokenwise.api.BadFileException;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.testdata.WordNet;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

public class TokenizerTest {
    /** The smallest complete tokenizer of the kind that is read. */
    public static final String SMALL = """
        {"version":"1.0","truncation":{"direction":"Right","max_length":4,"strategy":"LongestFirst","stride":0},
         "padding":{"strategy":{"Fixed":9},"direction":"Right","pad_to_multiple_of":null,"pad_id":0,"pad_type_id":0,"pad_token":"[PAD]"},
         "added_tokens":[{"id":2,"content":"[CLS]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
         "normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
         "pre_tokenizer":{"type":"BertPreTokenizer"},
         "post_processor":{"type":"TemplateProcessing",
          "single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"[SEP]","type_id":0}}],
          "pair":[],
          "special_tokens":{"[CLS]":{"id":"[CLS]","ids":[2],"tokens":["[CLS]"]},"[SEP]":{"id":"[SEP]","ids":[3],"tokens":["[SEP]"]}}},
         "decoder":{"type":"WordPiece","prefix":"##","cleanup":true},
         "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,
          "vocab":{"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"a":4,"token":5,"##s":6}}}
        """;

    private static final String[] SENTENCES = {
        "",
        "A man with a hard hat is dancing.",
        "Tokenwise spends compute token by token, doesn't it?",
        "na\u00efve caf\u00e9 \u2014 \u4e2d\u6587 and \ud83d\ude00 emoji; tabs\tand\nlines",
        "unaffable [SEP] antidisestablishmentarianism 3.14159",
    };

    private static Tokenizer minilm;
    private static WordNet wordNet;

    @BeforeAll
    static void open() throws IOException {
        wordNet = WordNet.load();
        try (ModelFiles files = TestModels.files("minilm")) {
            minilm = Tokenizer.open("minilm", files.tokenizer().json(), 256);
        }
    }

    private static Tokenizer small(String json, int maxTokens) {
        return Tokenizer.open("tokenizer.json", json.getBytes(StandardCharsets.UTF_8), maxTokens);
    }

    /** Hugging Face's library, by its own class; without its telemetry. */
    private static HuggingFaceTokenizer library(byte[] json) throws IOException {
        System.setProperty("OPT_OUT_TRACKING", "true");
        try {
            return HuggingFaceTokenizer.newInstance(
                    new ByteArrayInputStream(json), Map.of("padding", "false", "truncation", "false"));
        } finally {
            System.clearProperty("OPT_OUT_TRACKING");
        }
    }

    private static int[] ids(HuggingFaceTokenizer library, String text) {
        return Arrays.stream(library.encode(text).getIds())
                .mapToInt(Math::toIntExact)
                .toArray();
    }

    @Test
    void idsAreThoseOfTheLibrary() throws IOException {
        Tokenizer tokenizer = Tokenizer.open("minilm", minilm.json(), 100_000);
        try (HuggingFaceTokenizer library = library(minilm.json())) {
            List<String> texts = new ArrayList<>(List.of(SENTENCES));
            var sentences = new Sentences(4, wordNet.glosses());
            for (int i = 0; i < Sentences.COUNT; i++) {
                texts.add(sentences.next());
            }
            // Longer than what is decomposed at once, and marks out of their order.
            texts.add("\u00e9\u0323,\u01fa\u0301-\u1e69\ud834\udd5e".repeat(2_000));
            for (String text : texts) {
                assertThat(tokenizer.encode(text).ids()).as(text).isEqualTo(ids(library, text));
            }
        }
    }

    @Test
    void placesAreThoseOfTheLibrary() throws IOException {
        Tokenizer tokenizer = Tokenizer.open("minilm", minilm.json(), 100_000);
        try (HuggingFaceTokenizer library = library(minilm.json())) {
            List<String> texts = new ArrayList<>(List.of(SENTENCES));
            texts.addAll(wordNet.examples().subList(0, 500));
            texts.add("\u4e2d\u6587\ud842\udfb7x \ufb01x \ud835\udc00b \u0130stanbul e\u0301a \ud55c\uae00"
                    + " a\u0000b\u200bc \u1e69s");
            texts.add("x".repeat(101) + " unaffable[MASK]\ud83d\ude00.");
            for (String text : texts) {
                List<Tokenizer.Place> tokens = tokenizer.places(text);
                Encoding encoding = library.encode(text, false, false);
                assertThat(tokens.stream().map(Tokenizer.Place::id)).as(text).containsExactlyElementsOf(ids(encoding));
                for (int i = 0; i < tokens.size(); i++) {
                    CharSpan span = encoding.getCharTokenSpans()[i];
                    assertThat(List.of(tokens.get(i).start(), tokens.get(i).end()))
                            .as(text + ", token " + i)
                            .isEqualTo(List.of(
                                    text.offsetByCodePoints(0, span.getStart()),
                                    text.offsetByCodePoints(0, span.getEnd())));
                }
            }
        }
    }

    @Test
    void idsBecomeTextsAsTheLibraryWritesThem() throws IOException {
        try (HuggingFaceTokenizer library = library(minilm.json())) {
            List<String> texts = new ArrayList<>(List.of(SENTENCES));
            texts.addAll(wordNet.examples().subList(0, 1_000));
            texts.add("he's (well, he isn't) \"here\"; do not, 'tis: they've? 3.5% [MASK] x-ray!");
            for (String text : texts) {
                int[] ids = minilm.encode(text).ids();
                long[] asLongs = Arrays.stream(ids).asLongStream().toArray();
                assertThat(minilm.decode(ids, false)).as(text).isEqualTo(library.decode(asLongs, true));
                assertThat(minilm.decode(ids, true)).as(text).isEqualTo(library.decode(asLongs, false));
            }
        }
        assertThatThrownBy(() -> minilm.decode(new int[] {99_999}, true))
                .hasMessage("minilm: no token has the id 99999");
    }

    private static List<Integer> ids(Encoding encoding) {
        return Arrays.stream(encoding.getIds()).mapToObj(Math::toIntExact).toList();
    }

    /** One at a time, and in random company. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"lowercase\":true | true | false",
                "\"lowercase\":false | true | false",
                "\"strip_accents\":false,\"lowercase\":true | true | false",
                "\"strip_accents\":true,\"lowercase\":false | true | false",
                "\"strip_accents\":true,\"lowercase\":false | true | true",
                "\"lowercase\":true | false | false"
            })
    void idsAreThoseOfTheLibraryOnEveryCharacter(String normalizer, boolean clean, boolean smallFirst)
            throws IOException {
        String given = new String(minilm.json(), StandardCharsets.UTF_8);
        String cleaning = "\"clean_text\":" + clean;
        String changed = given.replaceFirst("\"strip_accents\":\\s*null,\\s*\"lowercase\":\\s*true", normalizer)
                .replaceFirst("\"clean_text\":\\s*true", cleaning);
        assertThat(changed).contains(normalizer).contains(cleaning);
        String first = "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Lowercase\"},$1]}";
        String steps = smallFirst ? changed.replaceFirst("(?s)(?<=\"normalizer\":)\\s*(\\{[^}]*})", first) : changed;
        byte[] json = steps.getBytes(StandardCharsets.UTF_8);
        Tokenizer tokenizer = Tokenizer.open("minilm", json, 100_000);
        try (HuggingFaceTokenizer library = library(json)) {
            EveryCharacter.forEachText(
                    x -> " a" + x + "b " + x,
                    text -> assertThat(tokenizer.encode(text).ids()).as(text).isEqualTo(ids(library, text)));
            Random random = new Random(5);
            for (int i = 0; i < Sentences.COUNT; i++) {
                String mixed = randomText(random);
                assertThat(tokenizer.encode(mixed).ids()).as(mixed).isEqualTo(ids(library, mixed));
            }
        }
    }

    /** Letters, marks, punctuation and special tokens of many scripts, without unpaired surrogates. */
    private static String randomText(Random random) {
        var text = new StringBuilder();
        for (int length = random.nextInt(30); length > 0; length--) {
            int most = new int[] {0x80, 0x250, 0x370, 0x3000, 0x10000, 0x20000}[random.nextInt(6)];
            int c = random.nextInt(most);
            if (Character.getType(c) != Character.SURROGATE) {
                text.appendCodePoint(c);
            }
            if (random.nextInt(20) == 0) {
                text.append(List.of("[SEP]", "[MASK]", "[UNK", "\u0301", "\u0130", "ing", " ")
                        .get(random.nextInt(7)));
            }
        }
        return text.toString();
    }

    @Test
    void idsAreThoseThatBertGives() {
        Tokenizer.Encoded encoded = minilm.encode("Tokenwise spends unaffably.");
        assertThat(minilm.tokens(encoded.ids()))
                .containsExactly("[CLS]", "token", "##wise", "spends", "una", "##ffa", "##bly", ".", "[SEP]");
        assertThat(minilm.encode("hello world").ids()).containsExactly(101, 7592, 2088, 102);
        assertThat(encoded.truncated()).isFalse();
    }

    @Test
    void paddingAndTruncationOfTheFileAreIgnored() {
        Tokenizer tokenizer = small(SMALL, 10);
        assertThat(tokenizer.encode("a").ids()).containsExactly(2, 4, 3);
        assertThat(tokenizer.encode("a tokens b a").ids()).containsExactly(2, 4, 5, 6, 1, 4, 3);
        assertThat(tokenizer.vocabularySize()).isEqualTo(7);
    }

    @Test
    void longTextIsCutAndKeepsItsLastToken() {
        Tokenizer tokenizer = small(SMALL, 5);
        Tokenizer.Encoded fits = tokenizer.encode("a a a");
        assertThat(fits.ids()).containsExactly(2, 4, 4, 4, 3);
        assertThat(fits.truncated()).isFalse();
        Tokenizer.Encoded cut = tokenizer.encode("a a tokens");
        assertThat(cut.ids()).containsExactly(2, 4, 4, 5, 3);
        assertThat(cut.truncated()).isTrue();
    }

    /** The prefix that is looked at must grow over white space, removed characters and endless words. */
    @Test
    void onlyAPrefixOfALongTextIsLookedAtWithTheSameResult() {
        String words = "the quick brown fox ".repeat(5_000);
        for (String text : List.of(
                words,
                " ".repeat(100_000) + words,
                "x".repeat(100_000) + " " + words,
                "\u200b\u0000".repeat(50_000) + words,
                // A prefix of 256 * 16 characters ends at a control character inside a word.
                " ".repeat(3_600) + "a ".repeat(200) + "qj".repeat(48) + "\u001cqj".repeat(20) + " " + words,
                "\u4e2d".repeat(100_000))) {
            Tokenizer.Encoded cut = minilm.encode(text);
            Tokenizer whole = Tokenizer.open("minilm", minilm.json(), 1_000_000);
            int[] all = whole.encode(text).ids();
            int[] expected = Arrays.copyOf(all, 256);
            expected[255] = 102;
            assertThat(cut.ids()).isEqualTo(expected);
            assertThat(cut.truncated()).isTrue();
        }
        int[] first = minilm.encodeFirst(words, 20);
        assertThat(first).hasSizeBetween(21, 40).isEqualTo(Arrays.copyOf(minilm.encodeAll(words), first.length));
        assertThat(minilm.encodeFirst("quick brown", 20)).isEqualTo(minilm.encodeAll("quick brown"));
        assertThat(minilm.encode(" ".repeat(100_000) + "a").ids()).containsExactly(101, 1037, 102);
        assertThat(minilm.encode("x".repeat(100_000)).ids()).containsExactly(101, 100, 102);
    }

    /** Putting combining characters in order takes the square of how many stand in a row: minutes for these. */
    @Test
    @Timeout(30)
    void rowsOfCombiningCharactersTakeNoTime() {
        assertThat(minilm.encode("a" + "\u0301\u0323".repeat(1 << 19)).ids()).containsExactly(101, 1037, 102);
        // These are no marks that would be stripped.
        String musical = "\ud834\udd6d\ud834\udd65".repeat(1 << 18);
        assertThat(minilm.encode("a " + musical).ids()).containsExactly(101, 1037, 100, 102);
    }

    @Test
    void brokenTextIsTakenAsTextWithoutTheBrokenCharacters() {
        int[] helloWorld = {101, 7592, 2088, 102};
        assertThat(minilm.encode("hello \ud800 wor\udc00ld\ud83d").ids()).isEqualTo(helloWorld);
        assertThat(minilm.encode("\udc00\ud800hello world").ids()).isEqualTo(helloWorld);
        assertThat(minilm.encode("hel\0lo \0 world").ids()).isEqualTo(helloWorld);
        byte[] invalid = {
            'h', 'e', (byte) 0xff, 'l', 'l', 'o', ' ', (byte) 0xc0, (byte) 0x80, 'w', 'o', 'r', 'l', 'd', (byte) 0xe2
        };
        assertThat(minilm.encode(new String(invalid, StandardCharsets.UTF_8)).ids())
                .isEqualTo(helloWorld);
    }

    @Test
    void randomTextNeverFails() {
        Random random = new Random(3);
        for (int i = 0; i < 3_000; i++) {
            char[] text = new char[random.nextInt(40)];
            for (int c = 0; c < text.length; c++) {
                text[c] = (char) random.nextInt(random.nextBoolean() ? 0x10000 : 0x80);
            }
            int[] ids = minilm.encode(new String(text)).ids();
            assertThat(ids[0]).isEqualTo(101);
            assertThat(ids[ids.length - 1]).isEqualTo(102);
            assertThat(Arrays.stream(ids).allMatch(id -> id >= 0 && id < 30522)).isTrue();
        }
    }

    @Test
    void manyThreadsShareOneTokenizer() throws Exception {
        List<String> texts = wordNet.glosses().subList(0, 500);
        List<int[]> expected = texts.stream().map(t -> minilm.encode(t).ids()).toList();
        Callable<Boolean> all = () -> {
            for (int i = 0; i < texts.size(); i++) {
                if (!Arrays.equals(minilm.encode(texts.get(i)).ids(), expected.get(i))) {
                    return false;
                }
            }
            return true;
        };
        try (var threads = Executors.newFixedThreadPool(8)) {
            for (Future<Boolean> same : threads.invokeAll(Collections.nCopies(8, all))) {
                assertThat(same.get()).isTrue();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 7, Integer.MAX_VALUE})
    void unknownIdIsRefused(int id) {
        Tokenizer tokenizer = small(SMALL, 10);
        assertThatThrownBy(() -> tokenizer.tokens(new int[] {2, id}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("tokenizer.json: no token has the id " + id);
    }

    static Stream<Arguments> badFiles() {
        return Stream.of(
                arguments(
                        "\"type\":\"WordPiece\",\"unk",
                        "\"type\":\"Words\",\"unk",
                        "model.type is Words; supported: WordPiece, WordLevel, Unigram or BPE"),
                arguments(
                        "\"type\":\"WordPiece\",\"unk",
                        "\"type\":\"Unigram\",\"unk",
                        "model.vocab must be an array of pieces and their scores"),
                arguments(
                        "\"type\":\"BertNormalizer\"",
                        "\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAAA\"",
                        "normalizer.type is Precompiled"),
                arguments("\"[UNK]\":1", "\"unk\":1", "model.unk_token is not in model.vocab"),
                arguments("\"a\":4", "\"a\":5", "model.vocab gives the id 5 twice"),
                arguments("\"a\":4", "\"a\":70", "a token has the id 70, ids here go from 0 to 6"),
                arguments("\"a\":4", "\"a\":-4", "a token has the id -4"),
                arguments("\"a\":4", "\"a\":\"4\"", "a token has the id \"4\""),
                arguments("\"a\":4", "\"[PAD]\":4", "model.vocab: pieces 0 and 4 are the same"),
                arguments("\"id\":2,\"content\"", "\"id\":4,\"content\"", "added token [CLS] has not the id"),
                arguments("\"[SEP]\":{", "\"[END]\":{", "post_processor uses [SEP]"),
                arguments("\"ids\":[3]", "\"ids\":[7]", "a token has the id 7"),
                arguments("\"ids\":[3]", "\"ids\":[]", "give no ids"),
                arguments("\"id\":\"A\"", "\"id\":\"B\"", "post_processor.single must be"),
                arguments(
                        "\"single\":[",
                        "\"single\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}},",
                        "post_processor.single must be"),
                arguments(
                        "\"max_input_chars_per_word\":100",
                        "\"max_input_chars_per_word\":-1",
                        "max_input_chars_per_word is -1; supported: an integer from 1"),
                arguments("\"clean_text\":true", "\"clean_text\":1", "clean_text is 1; supported: true or false"),
                arguments("\"rstrip\":false", "\"rstrip\":1", "rstrip is 1; supported: true or false"),
                arguments("\"version\"", "\"version", "is not valid JSON"));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("badFiles")
    void badFileIsRefused(String good, String bad, String fact) {
        assertThat(SMALL).contains(good);
        String json = SMALL.replace(good, bad);
        assertThatThrownBy(() -> small(json, 10))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith("tokenizer.json: ")
                .hasMessageContaining(fact)
                .message()
                .hasLineCount(1);
    }

    /** Work areas have several places for each char, and arrays have less than 2^31. */
    @Test
    void aTextOfMoreCharsThanAreSupportedIsRefused() {
        String text = "a".repeat((1 << 27) + 1);
        Tokenizer tokenizer = small(SMALL, 8);
        for (ThrowingCallable read :
                List.<ThrowingCallable>of(() -> tokenizer.encode(text), () -> tokenizer.places(text))) {
            assertThatThrownBy(read)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("a text of 134217729 chars; supported: up to 134217728, give parts of it");
        }
    }
}
