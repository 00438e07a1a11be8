package io.tokenwise.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.testdata.WordNet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts that are cut at white space or punctuation first, as for Jina's BPE and DeBERTa's Unigram, beside Hugging Face's library. */
class StretchesTest {
    /** One token a stretch: of no character there is a piece. */
    private static final String STRETCHES = """
            {"version":"1.0","added_tokens":[],"normalizer":null,"pre_tokenizer":{"type":"%s"},
             "post_processor":null,"decoder":null,
             "model":{"type":"BPE","unk_token":"<unk>","fuse_unk":true,"vocab":{"<unk>":0},"merges":[]}}""";

    /** What jina-embeddings-v2-base-zh has by threads on it: small letters, words by Whitespace, and pieces without marks. */
    private static final String JINA =
            "\"normalizer\":{\"type\":\"Lowercase\"},\"decoder\":null," + "\"pre_tokenizer\":{\"type\":\"Whitespace\"}";

    private static final String BYTES =
            "{\"type\":\"ByteLevel\",\"add_prefix_space\":%s,\"trim_offsets\":true,\"use_regex\":%s}";
    private static final String SEQUENCE = "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"%s\"},%s]}";

    private static List<String> glosses;
    private static List<String> words;

    @BeforeAll
    static void load() throws IOException {
        glosses = WordNet.load().glosses();
        words = glosses.subList(0, 400).stream()
                .flatMap(gloss -> Arrays.stream(gloss.split("\\W+")))
                .filter(word -> !word.isEmpty())
                .distinct()
                .limit(1_000)
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

    private static void tokensAreThoseOfTheLibrary(byte[] json) throws IOException {
        Tokenizer ours = open(json);
        var sentences = new Sentences(3, glosses);
        try (var library = new HuggingFace(json)) {
            for (int i = 0; i < Sentences.COUNT / 4; i++) {
                String text = sentences.next();
                assertThat(tokens(ours, text)).as(text).isEqualTo(library.tokens(text));
            }
            for (String text : List.of(
                    "",
                    " ",
                    "\u3000 a",
                    "I'll  do_it, (1.5%)!\n",
                    "na\u0308h \u4f60\u597d,\u4e16\u754c",
                    "a\u200db <s>!")) {
                assertThat(tokens(ours, text)).as(text).isEqualTo(library.tokens(text));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Whitespace", "WhitespaceSplit", "Punctuation"})
    void everyCharacterIsCutAsTheLibraryCutsIt(String type) throws IOException {
        byte[] json = STRETCHES.formatted(type).getBytes(StandardCharsets.UTF_8);
        Tokenizer ours = open(json);
        try (var library = new HuggingFace(json)) {
            EveryCharacter.forEachText(
                    x -> x + x + "a" + x + "-" + x + " " + x,
                    text -> assertThat(tokens(ours, text)).as(text).isEqualTo(library.tokens(text)));
        }
    }

    @Test
    void jinasTokensArePiecesOfWordsInSmallLetters() throws IOException {
        var vocabulary = new SpmVocabulary(words);
        vocabulary.byteFallback = false;
        vocabulary.fuseUnknown = false;
        byte[] json = vocabulary.json(JINA, false);
        tokensAreThoseOfTheLibrary(json);
        Tokenizer ours = open(json);
        assertThat(ours.tokens(ours.encodeAll("A-B, 1"))).containsExactly("a", "-", "b", ",", "1");
        assertThat(ours.continuesWord(ours.id("a").orElseThrow())).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"Whitespace", "WhitespaceSplit", "Punctuation"})
    void otherStepsMayComeBehind(String type) throws IOException {
        for (String scheme : List.of("always", "first", "never")) {
            tokensAreThoseOfTheLibrary(new SpmVocabulary(words)
                    .json(
                            "\"normalizer\":null,\"decoder\":null,\"pre_tokenizer\":"
                                    + SEQUENCE.formatted(type, UnigramVocabulary.METASPACE.formatted(scheme, true)),
                            true));
        }
        ByteVocabulary bytes = ByteVocabulary.trained(words, Patterns.GPT2, 500);
        for (boolean prefix : new boolean[] {false, true}) {
            for (boolean regex : new boolean[] {false, true}) {
                byte[] json = bytes.json(SEQUENCE.formatted(type, BYTES.formatted(prefix, regex)), "");
                tokensAreThoseOfTheLibrary(json);
                Tokenizer ours = open(json);
                // Where white space stays, words begin with it, and this one has none.
                assertThat(ours.continuesWord(ours.encodeAll("the")[0]))
                        .isEqualTo(type.equals("Punctuation") && !prefix);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "-", " ", "a-", "a ", "\ud83d\ude00", "\u4e02"})
    @Timeout(20)
    void longTextsTakeATimeThatGrowsAsTheyDo(String part) {
        assertThat(open(new SpmVocabulary(words).json(JINA, true)).encodeAll(part.repeat(100_000)).length)
                .isBetween(0, 400_000);
    }
}
