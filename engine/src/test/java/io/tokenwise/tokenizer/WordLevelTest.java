package io.tokenwise.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BadFileException;
import io.tokenwise.testdata.WordNet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Whole words beside Hugging Face's library, in tokenizers as the class Model2VecTokenizer made them of lists of words. */
class WordLevelTest {
    static final String WHITESPACE = "{\"type\":\"Whitespace\"}";

    private static List<String> glosses;
    private static List<String> words;

    @BeforeAll
    static void load() throws IOException {
        glosses = WordNet.load().glosses();
        words = glosses.subList(0, 400).stream()
                .flatMap(gloss -> Arrays.stream(gloss.toLowerCase(Locale.ROOT).split(" ")))
                .distinct()
                .limit(1_000)
                .toList();
    }

    static byte[] json(List<String> words, String preTokenizer, String... normalizers) {
        ObjectNode root = JsonMapper.shared().createObjectNode().put("version", "1.0");
        ArrayNode added = root.putArray("added_tokens");
        for (String token : List.of("[PAD]", "[UNK]")) {
            ObjectNode one = added.addObject().put("id", added.size() - 1).put("content", token);
            for (String flag : List.of("single_word", "lstrip", "rstrip", "normalized")) {
                one.put(flag, false);
            }
            one.put("special", true);
        }
        ArrayNode steps = root.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
        for (String normalizer : normalizers) {
            steps.addObject().put("type", normalizer);
        }
        root.set("pre_tokenizer", JsonMapper.shared().readTree(preTokenizer));
        root.putNull("post_processor").putNull("decoder");
        ObjectNode model = root.putObject("model").put("type", "WordLevel").put("unk_token", "[UNK]");
        ObjectNode vocabulary = model.putObject("vocab");
        for (String word : List.of("[PAD]", "[UNK]", "(", ",", "e", "don", "'", "t", "\u4f60\u597d", "\u00e9t\u00e9")) {
            vocabulary.put(word, vocabulary.size());
        }
        words.forEach(word -> vocabulary.putIfAbsent(word, vocabulary.numberNode(vocabulary.size())));
        return JsonMapper.shared().writeValueAsBytes(root);
    }

    private static Tokenizer open(byte[] json) {
        return Tokenizer.open("tokenizer.json", json, 100_000);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"type\":\"Whitespace\"}|NFKC,Lowercase",
                "{\"type\":\"Whitespace\"}|NFKC",
                "{\"type\":\"WhitespaceSplit\"}|NFD,Lowercase",
                "{\"type\":\"Punctuation\",\"behavior\":\"Isolated\"}|NFC",
                "null|Lowercase"
            })
    void tokensAreThoseOfTheLibrary(String preTokenizer, String normalizers) throws IOException {
        byte[] json = json(words, preTokenizer, normalizers.split(","));
        Tokenizer ours = open(json);
        assertThat(ours.kind()).isEqualTo("WordLevel");
        var sentences = new Sentences(5, glosses);
        try (var library = new HuggingFace(json)) {
            for (int i = 0; i < Sentences.COUNT / 4; i++) {
                same(ours, library, sentences.next());
            }
            for (String text : List.of(
                    "",
                    " ",
                    "don't, (or DON'T)",
                    "\u00c9t\u00e9 e\u0301te\u0301 \ufb01nd",
                    "\u4f60\u597d,\u4e16\u754c",
                    "a[PAD]b [UNK] unk",
                    "\ud83d\ude00 a",
                    "a".repeat(100_000))) {
                same(ours, library, text);
            }
        }
    }

    private static void same(Tokenizer ours, HuggingFace library, String text) {
        List<Tokenizer.Place> places = ours.places(text);
        assertThat(places)
                .extracting(place -> HuggingFace.token(place.id(), place.start(), place.end()))
                .as(text)
                .isEqualTo(library.tokens(text));
        int[] ids = places.stream().mapToInt(Tokenizer.Place::id).toArray();
        assertThat(ours.decode(ids, false)).isEqualTo(library.decode(ids, true));
    }

    @Test
    void noWordContinuesAnother() {
        Tokenizer ours = open(json(words, WHITESPACE, "Lowercase"));
        assertThat(ours.tokens(ours.encodeAll("Don't xyzzy"))).containsExactly("don", "'", "t", "[UNK]");
        assertThat(ours.continuesWord(ours.id("t").orElseThrow())).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"type\":\"ByteLevel\"}",
                "{\"type\":\"BertPreTokenizer\"}",
                "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Whitespace\"},{\"type\":\"Digits\"}]}"
            })
    void otherCutsAreRefused(String preTokenizer) {
        byte[] json = json(words, preTokenizer, "Lowercase");
        String type = preTokenizer.replaceAll(".*\"type\":\"(\\w+)\".*", "$1");
        assertThatThrownBy(() -> open(json))
                .isInstanceOf(BadFileException.class)
                .hasMessage("tokenizer.json: pre_tokenizer.type is " + type
                        + "; supported: Whitespace, WhitespaceSplit, Punctuation or none");
    }

    @Test
    void theUnknownTokenMustBeAWord() {
        String json = new String(json(words, WHITESPACE, "Lowercase"), StandardCharsets.UTF_8)
                .replace("\"unk_token\":\"[UNK]\"", "\"unk_token\":\"unk\"");
        assertThatThrownBy(() -> open(json.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(BadFileException.class)
                .hasMessage("tokenizer.json: model.unk_token is not in model.vocab");
    }
}
