package io.tokenwise.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BadFileException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Where texts are cut, beside Hugging Face's library with the regular expressions themselves. */
class PatternsTest {
    /** One of each kind that a pattern tells apart, and of each width in UTF-16; what English writes after an apostrophe in both cases. */
    private static final String[] KINDS = {
        "A",
        "\u0394",
        "\u01c5",
        "\ud835\udc00",
        "a",
        "\u03b4",
        "\ud835\udc1a",
        "\u02b0",
        "\u4e2d",
        "\ud840\udc00",
        "\u0301",
        "\u0903",
        "\u20dd",
        "\ud834\udd65",
        "1",
        "\u0663",
        "\u2167",
        " ",
        "\u00a0",
        "\u3000",
        "\t",
        "\n",
        "\r",
        "\u2028",
        "\u0085",
        "/",
        "'",
        "'",
        "'s",
        "'T",
        "'ve",
        "'Re",
        "'lL",
        "'\u017f",
        ".",
        "\ud83d\ude00",
        "\u200d",
        "\u0000"
    };

    /** A tokenizer that gives a token for each piece, whatever it is. */
    private static byte[] json(Patterns pattern) {
        ObjectNode root = JsonMapper.shared().createObjectNode().put("version", "1.0");
        root.putArray("added_tokens");
        ObjectNode split = root.putObject("pre_tokenizer").put("type", "Split");
        split.putObject("pattern").put("Regex", pattern.regex());
        split.put("behavior", "Isolated").put("invert", false);
        ObjectNode model = root.putObject("model").put("type", "WordLevel").put("unk_token", "?");
        model.putObject("vocab").put("?", 0);
        return JsonMapper.shared().writeValueAsBytes(root);
    }

    private static List<String> pieces(Patterns pattern, String text) {
        List<String> pieces = new ArrayList<>();
        for (int at = 0; at < text.length(); ) {
            int end = pattern.end(text, at, text.length());
            pieces.add(HuggingFace.token(0, at, end));
            at = end;
        }
        return pieces;
    }

    @ParameterizedTest
    @EnumSource(Patterns.class)
    void everyCharacterIsCutAsTheLibraryCutsIt(Patterns pattern) throws IOException {
        try (var library = new HuggingFace(json(pattern))) {
            EveryCharacter.forEachText(
                    x -> "1" + x + "1 " + x + "1a" + x + "a1A" + x + "A1A" + x + "a1a" + x + "A1" + x + "Aa1'" + x
                            + "1a'" + x + "1a'r" + x + "1." + x + "\n/1" + x + x + "1\n" + x + "/1",
                    text -> assertThat(pieces(pattern, text)).as(text).isEqualTo(library.tokens(text)));
        }
    }

    @ParameterizedTest
    @EnumSource(Patterns.class)
    void allKindsInAnyOrderAreCutAsTheLibraryCutsThem(Patterns pattern) throws IOException {
        Random random = new Random(9);
        try (var library = new HuggingFace(json(pattern))) {
            for (int i = 0; i < Sentences.COUNT; i++) {
                var text = new StringBuilder();
                for (int length = random.nextInt(60); length > 0; length--) {
                    text.append(KINDS[random.nextInt(KINDS.length)]);
                }
                String made = text.toString();
                assertThat(pieces(pattern, made)).as(made).isEqualTo(library.tokens(made));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Patterns.class)
    void sentencesAreCutAsTheLibraryCutsThem(Patterns pattern) throws IOException {
        var scripts = new TenScripts(10);
        try (var library = new HuggingFace(json(pattern))) {
            for (int i = 0; i < Sentences.COUNT; i++) {
                String text = scripts.sentence();
                assertThat(pieces(pattern, text)).as(text).isEqualTo(library.tokens(text));
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '=',
            quoteCharacter = '"',
            value = {
                "camelCase = camel|Case",
                "HTTPServer = HTTPServer",
                "DON'T don't'll = DON'T| don't|'ll",
                "AB\u4e2dCD = AB\u4e2d|CD",
                "A\u0301BC = A\u0301|BC",
                "\u0301AB = \u0301|AB",
                "'sample = 'sample",
                "a//b./ = a|//|b|./",
                "12345 = 123|45"
            })
    void o200kCutsAtCase(String text, String pieces) {
        var cuts = new StringBuilder();
        for (int at = 0; at < text.length(); ) {
            int end = Patterns.O200K.end(text, at, text.length());
            cuts.append(at == 0 ? "" : "|").append(text, at, end);
            at = end;
        }
        assertThat(cuts).hasToString(pieces);
    }

    /** The whole of a file, in the two ways in which such are written: gpt-oss keeps what the pattern finds, GPT-4o's removes what it does not. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFileGivesTheTokensAndPlacesOfTheLibrary(boolean inverted) throws IOException {
        var scripts = new TenScripts(11);
        ByteVocabulary vocabulary = ByteVocabulary.trained(
                Stream.generate(scripts::sentence).limit(100).toList(), Patterns.O200K, 400);
        vocabulary.ignoreMerges = true;
        vocabulary.add(ByteVocabulary.printed(" DON'T"));
        String split = inverted
                ? ByteVocabulary.SPLIT
                        .replace("\"Isolated\"", "\"Removed\"")
                        .replace("\"invert\":false", "\"invert\":true")
                : ByteVocabulary.SPLIT;
        byte[] json = new String(vocabulary.json(split, Patterns.O200K.regex()), StandardCharsets.UTF_8)
                .replace(
                        "\"added_tokens\":[]",
                        "\"added_tokens\":[{\"id\":" + vocabulary.ids.size()
                                + ",\"content\":\"<|endoftext|>\",\"single_word\":false,\"lstrip\":false,"
                                + "\"rstrip\":false,\"normalized\":false,\"special\":true}]")
                .getBytes(StandardCharsets.UTF_8);
        Tokenizer ours = Tokenizer.open("tokenizer.json", json, 100_000);
        try (var library = new HuggingFace(json)) {
            for (int i = 0; i < 500; i++) {
                String text = scripts.sentence() + (i % 4 == 0 ? "<|endoftext|>" + scripts.sentence() + " DON'T" : "");
                assertThat(ours.places(text).stream()
                                .map(place -> HuggingFace.token(place.id(), place.start(), place.end())))
                        .as(text)
                        .containsExactlyElementsOf(library.tokens(text));
            }
        }
    }

    /** What a regular expression would look at again and again. */
    @ParameterizedTest
    @EnumSource(Patterns.class)
    @Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void longTextsTakeATimeThatGrowsAsTheyDo(Patterns pattern) {
        int length = 1 << 20;
        for (String text : List.of(
                "a", "A", "Aa", "\u4e2dA", "\u0301", "\u0301A", "!A", "a'", "'s", "a's", "1", " ", "\n ", ".\n/",
                "\u4e2d")) {
            String all = text.repeat(length / text.length());
            assertThat(count(pattern, all)).isPositive();
            assertThat(count(pattern, "\u4e2d" + all + "\n")).isPositive();
        }
    }

    private static int count(Patterns pattern, String text) {
        int count = 0;
        for (int at = 0; at < text.length(); count++) {
            at = pattern.end(text, at, text.length());
        }
        return count;
    }

    /** Also what is almost o200k's: that of Kimi K2, which has Chinese words apart, or Mistral's, without contractions, or one without the slash. */
    @Test
    void anotherPatternIsRefusedByItsText() {
        for (Patterns pattern : Patterns.values()) {
            assertThat(Patterns.of("f", pattern.regex())).isEqualTo(pattern);
        }
        String o200k = Patterns.O200K.regex();
        for (String other : List.of(
                "\\w+",
                "",
                "[\\p{Han}]+|" + o200k,
                o200k.replace("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", ""),
                o200k.replace("[\\r\\n/]", "[\\r\\n]"),
                o200k + "|(a+)+$")) {
            assertThatThrownBy(() -> Patterns.of("f", other))
                    .isInstanceOf(BadFileException.class)
                    .hasMessage(
                            "f: pre_tokenizer splits by %s; supported: the patterns of GPT-2, cl100k, Llama 3, Qwen 2 and o200k",
                            other);
        }
    }
}
