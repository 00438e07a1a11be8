package io.tokenwise.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.tokenwise.api.BadFileException;
import io.tokenwise.testdata.WordNet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SentencePieceBpeTest {
    private static List<String> glosses;
    private static List<String> words;

    @BeforeAll
    static void load() throws IOException {
        glosses = WordNet.load().glosses();
        words = glosses.subList(0, 600).stream()
                .flatMap(gloss -> Arrays.stream(gloss.split(" ")))
                .distinct()
                .limit(1_500)
                .toList();
    }

    private static Tokenizer open(byte[] json) {
        return Tokenizer.open("tokenizer.json", json, 100_000);
    }

    private static List<String> tokens(Tokenizer tokenizer, String text) {
        return tokenizer.places(text).stream()
                .map(place -> HuggingFace.token(place.id(), place.start(), place.end()))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {SpmVocabulary.LLAMA2, SpmVocabulary.GEMMA, SpmVocabulary.METASPACE})
    void tokensPlacesAndTextsAreThoseOfTheLibrary(String steps) throws IOException {
        for (int variant = 0; variant < 4; variant++) {
            var vocabulary = new SpmVocabulary(words);
            vocabulary.byteFallback = variant < 2;
            vocabulary.fuseUnknown = variant % 2 == 0;
            vocabulary.ignoreMerges = variant == 3;
            byte[] json = vocabulary.json(steps, variant % 2 == 0);
            Tokenizer ours = open(json);
            var sentences = new Sentences(variant, glosses);
            try (var library = new HuggingFace(json)) {
                for (int i = 0; i < Sentences.COUNT / 4; i++) {
                    String text = sentences.next();
                    assertThat(tokens(ours, text)).as(text).isEqualTo(library.tokens(text));
                    int[] ids = ours.encode(text).ids();
                    assertThat(ours.decode(ids, false)).as(text).isEqualTo(library.decode(ids, true));
                }
                for (String text :
                        List.of("", " ", "  ", "a", " a", "<s>", " <s> the</s>the", "the<unk>the", "\n\n the")) {
                    assertThat(tokens(ours, text)).as(text).isEqualTo(library.tokens(text));
                }
            }
        }
    }

    /** Such as are never put together again: U+0344, and vowels of Tibetan. */
    @ParameterizedTest
    @ValueSource(strings = {"NFC", "NFD", "NFKC", "NFKD"})
    void charactersThatComeApartBehindALetterHaveTheLibrarysPlaces(String form) throws IOException {
        byte[] json = new SpmVocabulary(words)
                .json("\"normalizer\":{\"type\":\"" + form + "\"},\"pre_tokenizer\":null,\"decoder\":null", true);
        Tokenizer ours = open(json);
        try (var library = new HuggingFace(json)) {
            for (String x : List.of("\u0344", "\u0f73", "\u0f78", "\u0f81", "\u0fac", "\u00e9")) {
                String text = " a" + x + "b " + x + "\u0301\u00b2" + x;
                assertThat(tokens(ours, text)).as(text).isEqualTo(library.tokens(text));
            }
        }
    }

    @Test
    void onlyTheMarkBeforeATextIsSet() {
        Tokenizer ours = open(new SpmVocabulary(words).json(SpmVocabulary.GEMMA, true));
        assertThat(ours.frame().marks()).isEqualTo(1);
        int[] ids = ours.encode("a b c d", 3).ids();
        assertThat(ids).hasSize(3).startsWith(1);
        assertThat(ours.surrounded(7, 8)).containsExactly(1, 7, 8);
    }

    @ParameterizedTest
    @ValueSource(strings = {SpmVocabulary.LLAMA2, SpmVocabulary.GEMMA, SpmVocabulary.METASPACE})
    @Timeout(20)
    void longTextsTakeATimeThatGrowsAsTheyDo(String steps) {
        Tokenizer ours = open(new SpmVocabulary(words).json(steps, true));
        for (String part : List.of("a", " ", "the ", "\ud83d\ude00", "\u4e02")) {
            assertThat(ours.encodeAll(part.repeat(100_000)).length).isBetween(10, 100_000 * 4);
        }
    }

    static Stream<Arguments> badFiles() {
        return Stream.of(
                arguments("\"unk_token\":\"<unk>\"", "\"unk_token\":\"none\"", "model.unk_token is not in model.vocab"),
                arguments("\"dropout\":null", "\"dropout\":0.1", "dropout is 0.1; supported: 0"),
                arguments(
                        "\"end_of_word_suffix\":null",
                        "\"end_of_word_suffix\":\"</w>\"",
                        "end_of_word_suffix is \"</w>\"; supported: "),
                arguments("\"fuse_unk\":true", "\"fuse_unk\":3", "fuse_unk is 3; supported: true or false"),
                arguments(
                        "[\"\u2581\",\"\u2581\"]",
                        "[\"\u2581\",\"nowhere\"]",
                        "model.merges: number 1 needs the piece 'nowhere'"),
                arguments("[\"\u2581\",\"\u2581\"]", "[\"\u2581\"]", "model.merges: entry 0 must be two pieces"),
                arguments(
                        "[\"\u2581\",\"\u2581\"]",
                        "[\"\u2581\",\"\u2581\",\"\u2581\"]",
                        "model.merges: entry 0 must be two pieces"),
                arguments("[\"\u2581\",\"\u2581\"]", "7", "model.merges: entry 0 must be two pieces"),
                arguments("\"!\":260", "\"!\":259", "model.vocab gives the id 259 twice"),
                arguments("\"!\":260", "\"!\":999999", "a token has the id 999999, ids here go from 0 to"),
                arguments("\"!\":260", "\"!\":99999999999", "a token has the id 99999999999, ids here go from 0 to"),
                arguments("\"!\":260", "\"!\":[[]]", "a token has the id "),
                arguments(
                        "\"type\":\"Split\"",
                        "\"type\":\"Digits\"",
                        "pre_tokenizer.type is Digits; supported: Metaspace"),
                arguments(
                        "\"type\":\"Split\"",
                        "\"type\":\"Punctuation\"",
                        "behavior is \"MergedWithPrevious\"; supported: Isolated"),
                arguments("\"type\":\"Fuse\"", "\"type\":\"CTC\"", "decoder.type is CTC; supported: WordPiece"),
                arguments(
                        "{\"type\":\"Fuse\"}",
                        "{\"type\":\"Strip\",\"content\":\"ab\",\"start\":1,\"stop\":0}",
                        "content is \"ab\"; supported: one character"));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("badFiles")
    void badFileIsRefused(String good, String bad, String fact) {
        String json = new String(new SpmVocabulary(words).json(SpmVocabulary.GEMMA, true), StandardCharsets.UTF_8);
        assertThat(json).contains(good);
        assertThatThrownBy(() -> open(json.replace(good, bad).getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(BadFileException.class)
                .hasMessageStartingWith("tokenizer.json: ")
                .hasMessageContaining(fact)
                .message()
                .hasLineCount(1);
    }
}
