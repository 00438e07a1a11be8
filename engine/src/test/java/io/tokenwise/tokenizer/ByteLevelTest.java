package io.tokenwise.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BadFileException;
import io.tokenwise.testdata.WordNet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteLevelTest {
    private static final String GPT2 =
            "{\"type\":\"ByteLevel\",\"add_prefix_space\":%s,\"trim_offsets\":%s,\"use_regex\":true}";

    private static final Map<Patterns, ByteVocabulary> TRAINED = new EnumMap<>(Patterns.class);

    private static List<String> glosses;

    @BeforeAll
    static void load() throws IOException {
        glosses = WordNet.load().glosses();
    }

    private static ByteVocabulary trained(Patterns pattern) {
        return TRAINED.computeIfAbsent(pattern, any -> {
            List<String> texts = new ArrayList<>(glosses.subList(0, 400));
            var scripts = new TenScripts(1);
            for (int i = 0; i < 100; i++) {
                texts.add(scripts.sentence());
            }
            return ByteVocabulary.trained(texts, any, 2_000);
        });
    }

    private static byte[] json(ByteVocabulary vocabulary, Patterns pattern) {
        return pattern == Patterns.GPT2
                ? vocabulary.json(GPT2.formatted(false, false), "")
                : vocabulary.json(ByteVocabulary.SPLIT, pattern.regex());
    }

    /** Gives texts as {@link HuggingFace#tokens} does. */
    private static final class Seen implements ByteLevel.Sink {
        final List<String> tokens = new ArrayList<>();

        @Override
        public void token(int id, int start, int end) {
            tokens.add(HuggingFace.token(id, start, end));
        }

        @Override
        public boolean full() {
            return false;
        }
    }

    private static List<String> tokens(ByteLevel ours, String text) {
        return tokens(ours, text, seen -> seen);
    }

    private static List<String> tokens(ByteLevel ours, String text, UnaryOperator<ByteLevel.Sink> by) {
        var seen = new Seen();
        ours.encode(text, 0, text.length(), by.apply(seen));
        return seen.tokens;
    }

    @ParameterizedTest
    @EnumSource(Patterns.class)
    void tokensAndPlacesAreThoseOfTheLibrary(Patterns pattern) throws IOException {
        ByteVocabulary vocabulary = trained(pattern);
        var ours = new ByteLevel("tokenizer.json", vocabulary.bpe(), pattern, false);
        var sentences = new Sentences(2, glosses);
        try (var library = new HuggingFace(json(vocabulary, pattern))) {
            for (int i = 0; i < Sentences.COUNT; i++) {
                String text = sentences.next();
                assertThat(tokens(ours, text)).as(text).isEqualTo(library.tokens(text));
            }
        }
    }

    /** Beside itself, a letter, a digit, a space and an apostrophe: all of these would be merged if they were one word. */
    @ParameterizedTest
    @EnumSource(Patterns.class)
    void everyCharacterIsCutAsTheLibraryCutsIt(Patterns pattern) throws IOException {
        ByteVocabulary vocabulary = ByteVocabulary.bytes();
        for (int value = 0; value < 256; value++) {
            for (char beside : new char[] {'a', '1', ' ', '\''}) {
                vocabulary.merge(ByteVocabulary.printed(value), ByteVocabulary.printed(beside));
                vocabulary.merge(ByteVocabulary.printed(beside), ByteVocabulary.printed(value));
            }
            for (int begin = 0xC2; value >= 0x80 && value < 0xC0 && begin < 0xF5; begin++) {
                vocabulary.merge(ByteVocabulary.printed(value), ByteVocabulary.printed(begin));
            }
        }
        var ours = new ByteLevel("tokenizer.json", vocabulary.bpe(), pattern, false);
        try (var library = new HuggingFace(json(vocabulary, pattern))) {
            EveryCharacter.forEachText(
                    x -> x + x + "a" + x + "1" + x + " " + x + "'" + x + "  " + x,
                    text -> assertThat(tokens(ours, text)).as(text).isEqualTo(library.tokens(text)));
        }
    }

    @Test
    void otherStepsBeforeItAreNamed() {
        byte[] json = ByteVocabulary.bytes()
                .json(
                        ByteVocabulary.SPLIT
                                .replace("\"Split\"", "\"Digits\"")
                                .replace("\"use_regex\":false", "\"use_regex\":true"),
                        "");
        assertThatThrownBy(() -> Tokenizer.open("tokenizer.json", json, 16))
                .isInstanceOf(BadFileException.class)
                .hasMessage("tokenizer.json: pre_tokenizer has 2 steps, Digits, ByteLevel; supported: ByteLevel, or"
                        + " Split and ByteLevel without use_regex and add_prefix_space; before them Whitespace,"
                        + " WhitespaceSplit or Punctuation");
    }

    /** Merges in an order that no training gives, on words of two letters: all ways in which they can stand in each other's way. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void mergesInAnyOrderAreThoseOfTheLibrary(boolean ignoreMerges) throws IOException {
        Random random = new Random(3);
        for (int round = 0; round < 40; round++) {
            ByteVocabulary vocabulary = ByteVocabulary.bytes();
            vocabulary.ignoreMerges = ignoreMerges;
            List<String> pieces = new ArrayList<>(List.of("a", "b", "c"));
            for (int i = 0; i < 60; i++) {
                String left = pieces.get(random.nextInt(pieces.size()));
                String right = pieces.get(random.nextInt(pieces.size()));
                vocabulary.merge(left, right);
                pieces.add(left + right);
            }
            Collections.shuffle(vocabulary.merges, random);
            var ours = new ByteLevel("tokenizer.json", vocabulary.bpe(), Patterns.GPT2, false);
            try (var library = new HuggingFace(json(vocabulary, Patterns.GPT2))) {
                for (int i = 0; i < 50; i++) {
                    // The last is merged in parts.
                    int length = random.nextInt(i < 40 ? 30 : 400) + (i == 49 ? LongWord.MOST : 0);
                    String text = random.ints(length, 'a', 'c' + 1)
                            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                            .toString();
                    assertThat(tokens(ours, text)).as(text).isEqualTo(library.tokens(text));
                }
            }
        }
    }

    /** Pieces as long as parts of a long word, so that what is at its end changes what is at its begin; and texts, of which it does not. */
    @Test
    void longWordsAreMergedInPartsAsTheLibraryMergesThem() throws IOException {
        ByteVocabulary vocabulary = ByteVocabulary.trained(glosses.subList(0, 200), Patterns.GPT2, 600);
        for (String piece = "z"; piece.length() < 2 * LongWord.MOST; piece += piece) {
            vocabulary.merge(piece, piece);
        }
        var ours = new ByteLevel("tokenizer.json", vocabulary.bpe(), Patterns.GPT2, false);
        String letters = String.join("", glosses.subList(0, 1_000)).replaceAll("[^a-z]", "");
        assertThat(letters).hasSizeGreaterThan(4 * LongWord.MOST);
        try (var library = new HuggingFace(json(vocabulary, Patterns.GPT2))) {
            for (String text : List.of(
                    letters,
                    "\u4e2d\u6587\ud835\udc00\u0915".repeat(1_000),
                    "z".repeat(20_001),
                    letters + "z".repeat(10_000) + letters,
                    "z".repeat(1_000) + letters.replace("e", "z".repeat(17)))) {
                assertThat(tokens(ours, text)).isEqualTo(library.tokens(text));
            }
        }
        assertThat(isMergedInParts(vocabulary, letters)).isTrue();
        assertThat(isMergedInParts(vocabulary, "z".repeat(20_001))).isFalse();
    }

    private static boolean isMergedInParts(ByteVocabulary vocabulary, String word) {
        var symbols = new Symbols();
        for (int i = 0; i < word.length(); i++) {
            symbols.add(vocabulary.ids.get(word.substring(i, i + 1)), i, i + 1);
        }
        Merges merges = vocabulary.bpe().merges();
        return new LongWord(symbols, 0, merges).merge(symbols, 0);
    }

    /** Pieces that grow towards the begin of a text: what one is depends on a letter a hundred before its end. */
    @Test
    void partsOfALongWordHangTogetherAsInTheLibrary() throws IOException {
        ByteVocabulary vocabulary = ByteVocabulary.bytes();
        String piece = "c";
        for (int i = 0; i < 100; i++) {
            String left = i % 2 == 0 ? "b" : "a";
            vocabulary.merge(left, piece);
            piece = left + piece;
        }
        var ours = new ByteLevel("tokenizer.json", vocabulary.bpe(), Patterns.GPT2, false);
        Random random = new Random(6);
        var text = new StringBuilder();
        while (text.length() < 5 * LongWord.MOST) {
            text.append("ab".repeat(random.nextInt(80))).append('c');
        }
        try (var library = new HuggingFace(json(vocabulary, Patterns.GPT2))) {
            assertThat(tokens(ours, text.toString())).isEqualTo(library.tokens(text.toString()));
        }
    }

    @Test
    void aSpaceIsSetBeforeATextAsTheLibrarySetsIt() throws IOException {
        ByteVocabulary vocabulary = trained(Patterns.GPT2);
        var ours = new ByteLevel("tokenizer.json", vocabulary.bpe(), Patterns.GPT2, true);
        try (var library = new HuggingFace(vocabulary.json(GPT2.formatted(true, false), ""))) {
            for (String text : List.of(
                    "", " ", "  ", "the man", " the man", "\nthe", "'s", "\u4e2d\u6587", "1", "\ud83d\ude00 x", ".")) {
                assertThat(tokens(ours, text)).as(text).isEqualTo(library.tokens(text));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"true,true", "true,false", "false,true", "false,false"})
    void placesAreTrimmedAsTheLibraryTrimsThem(boolean set, boolean prefixSpace) throws IOException {
        ByteVocabulary vocabulary = trained(Patterns.GPT2);
        var ours = new ByteLevel("tokenizer.json", vocabulary.bpe(), Patterns.GPT2, set);
        String[] pieces = vocabulary.ids.keySet().toArray(String[]::new);
        String json = new String(vocabulary.json(GPT2.formatted(set, true), ""), StandardCharsets.UTF_8)
                .replace("\"post_processor\":null", "\"post_processor\":" + GPT2.formatted(prefixSpace, true));
        try (var library = new HuggingFace(json.getBytes(StandardCharsets.UTF_8))) {
            var scripts = new TenScripts(4);
            for (int i = 0; i < 300; i++) {
                String text = " ".repeat(i % 3) + (i % 2 == 0 ? glosses.get(i) : scripts.sentence());
                assertThat(tokens(ours, text, to -> new TrimmedPlaces(text, pieces, prefixSpace, to)))
                        .as(text)
                        .isEqualTo(library.tokens(text));
            }
        }
    }

    /** They take white space, which their places leave out as those of other tokens do. */
    @ParameterizedTest
    @CsvSource({"true,true", "true,false", "false,true"})
    void placesOfAddedTokensAreTrimmedAsTheLibraryTrimsThem(boolean left, boolean right) throws IOException {
        for (boolean prefixSpace : new boolean[] {true, false}) {
            byte[] json = new String(
                            ByteVocabulary.bytes().json(GPT2.formatted(false, true), ""), StandardCharsets.UTF_8)
                    .replace("\"post_processor\":null", "\"post_processor\":" + GPT2.formatted(prefixSpace, true))
                    .replace(
                            "\"added_tokens\":[]",
                            "\"added_tokens\":[{\"id\":256,\"content\":\"<mask>\",\"single_word\":false,\"lstrip\":"
                                    + left + ",\"rstrip\":" + right + ",\"normalized\":false,\"special\":true}]")
                    .getBytes(StandardCharsets.UTF_8);
            Tokenizer ours = Tokenizer.open("tokenizer.json", json, 100_000);
            try (var library = new HuggingFace(json)) {
                for (String text : List.of(
                        "<mask>",
                        " <mask>",
                        "a <mask> b",
                        " \n<mask>\u3000\u00a0c",
                        "  <mask>  <mask> ",
                        "a<mask>\r\n")) {
                    assertThat(ours.places(text).stream()
                                    .map(place -> HuggingFace.token(place.id(), place.start(), place.end())))
                            .as(text)
                            .containsExactlyElementsOf(library.tokens(text));
                }
            }
        }
    }

    @Test
    void aTextIsLookedAtOnlyUntilThereAreTokensEnough() {
        var ours = new ByteLevel("tokenizer.json", ByteVocabulary.bytes().bpe(), Patterns.CL100K, false);
        List<Integer> ids = new ArrayList<>();
        ours.encode("a 1 ".repeat(1_000_000), 2, 4_000_000, new ByteLevel.Sink() {
            @Override
            public void token(int id, int start, int end) {
                ids.add(id);
            }

            @Override
            public boolean full() {
                return ids.size() >= 3;
            }
        });
        assertThat(ids).containsExactly((int) '1', (int) ' ', (int) 'a');
    }

    @Test
    void brokenCharactersAreLeftOut() {
        ByteVocabulary vocabulary = ByteVocabulary.bytes();
        vocabulary.merge("a", "b");
        var ours = new ByteLevel("tokenizer.json", vocabulary.bpe(), null, false);
        assertThat(tokens(ours, "a\ud800b")).containsExactly("256@0-3");
        assertThat(tokens(ours, "\ud800")).isEmpty();
    }

    /** All pairs of a long word could be merged at once; each of these takes its square, if one is looked for after the other. */
    @ParameterizedTest
    @EnumSource(Patterns.class)
    @Timeout(20)
    void longWordsTakeATimeThatGrowsAsTheyDo(Patterns pattern) {
        ByteVocabulary vocabulary = ByteVocabulary.bytes();
        for (String piece = "a"; piece.length() < 64; piece += piece) {
            vocabulary.merge(piece, piece);
        }
        var ours = new ByteLevel("tokenizer.json", vocabulary.bpe(), pattern, false);
        int length = 1 << 20;
        assertThat(count(ours, "a".repeat(length))).isEqualTo(length / 64);
        assertThat(count(ours, " ".repeat(length) + "b")).isEqualTo(length + 1);
        assertThat(count(ours, "\n" + " ".repeat(length) + "b")).isEqualTo(length + 2);
        assertThat(count(ours, "\n ".repeat(length / 2) + "b")).isEqualTo(length + 1);
        assertThat(count(ours, "'".repeat(length))).isEqualTo(length);
        assertThat(count(ours, "1".repeat(length))).isEqualTo(length);
    }

    /** How many tokens a text has: for millions, strings of their places take longer than they do. */
    private static int count(ByteLevel ours, String text) {
        var count = new AtomicInteger();
        ours.encode(text, 0, text.length(), new ByteLevel.Sink() {
            @Override
            public void token(int id, int start, int end) {
                count.incrementAndGet();
            }

            @Override
            public boolean full() {
                return false;
            }
        });
        return count.get();
    }

    @Test
    void aVocabularyWithoutAByteIsRefused() {
        ByteVocabulary vocabulary = ByteVocabulary.bytes();
        Bpe whole = vocabulary.bpe();
        vocabulary.ids.remove("\u010a");
        vocabulary.ids.replaceAll((piece, id) -> Math.min(id, 254));
        String[] pieces = vocabulary.ids.keySet().toArray(String[]::new);
        var bpe = new Bpe(
                pieces,
                new PieceTable("tokenizer.json", pieces),
                whole.merges(),
                new Bpe.Options(-1, false, false, false));
        assertThatThrownBy(() -> new ByteLevel("tokenizer.json", bpe, Patterns.GPT2, false))
                .isInstanceOf(BadFileException.class)
                .hasMessage("tokenizer.json: model.vocab has no piece for the byte 0x0A; must have '\u010a'");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ab|is 'ab'; must be two pieces with a space between them",
                "a b c|is 'a b c'; must be two pieces with a space between them",
                "a |joins an empty piece; both must have characters",
                "xy a|needs the piece 'xy', which model.vocab has not",
                "b a|needs the piece 'ba', which model.vocab has not"
            },
            ignoreLeadingAndTrailingWhitespace = false)
    void aBadMergeIsRefused(String merge, String fact) {
        ByteVocabulary vocabulary = ByteVocabulary.bytes();
        vocabulary.merge("a", "b");
        vocabulary.merge("Q", "Q");
        String json = new String(vocabulary.json("{\"type\":\"ByteLevel\"}", ""), StandardCharsets.UTF_8);
        assertThat(json).contains("\"Q Q\"");
        byte[] changed = json.replace("\"Q Q\"", '"' + merge + '"').getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> Tokenizer.open("tokenizer.json", changed, 100))
                .isInstanceOf(BadFileException.class)
                .hasMessage("tokenizer.json: model.merges: number 2 " + fact);
    }
}
