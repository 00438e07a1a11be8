package io.tokenwise.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** Beside Hugging Face's library, what added tokens seldom are: such as begin with white space, or as normalizers change. */
class AddedTokensTest {
    private static final String BYTES =
            "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":true}";

    /** A token with the fields that are true, as {@code ""} or {@code "lstrip,special"}. */
    private record Added(String content, String flags) {
        String json(int id) {
            String fields = List.of("single_word", "lstrip", "rstrip", "normalized", "special").stream()
                    .map(field ->
                            ",\"" + field + "\":" + List.of(flags.split(",")).contains(field))
                    .collect(Collectors.joining());
            return "{\"id\":" + id + ",\"content\":" + JsonMapper.shared().writeValueAsString(content) + fields + "}";
        }
    }

    /** A vocabulary of bytes with these tokens: pieces by their ids, others from 256 on. */
    private static byte[] json(String normalizer, String processor, List<Added> added) {
        ByteVocabulary vocabulary = ByteVocabulary.bytes();
        added.forEach(token -> vocabulary.ids.putIfAbsent(token.content(), vocabulary.ids.size()));
        String tokens = added.stream()
                .map(token -> token.json(vocabulary.ids.get(token.content())))
                .collect(Collectors.joining(","));
        return new String(ByteVocabulary.bytes().json(BYTES, ""), StandardCharsets.UTF_8)
                .replace("\"added_tokens\":[]", "\"added_tokens\":[" + tokens + "]")
                .replace("\"normalizer\":null", "\"normalizer\":" + normalizer)
                .replace("\"post_processor\":null", "\"post_processor\":" + processor)
                .getBytes(StandardCharsets.UTF_8);
    }

    private static void same(byte[] json, List<String> texts) throws IOException {
        Tokenizer ours = Tokenizer.open("tokenizer.json", json, 1_000);
        try (var library = new HuggingFace(json)) {
            for (String text : texts) {
                assertThat(ours.places(text).stream()
                                .map(place -> HuggingFace.token(place.id(), place.start(), place.end())))
                        .as(text)
                        .containsExactlyElementsOf(library.tokens(text));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "{\"type\":\"NFKC\"}"})
    void oneThatBeginsInTheWhiteSpaceOfTheOneBeforeIsFound(String normalizer) throws IOException {
        for (String later : List.of("", ",normalized")) {
            byte[] json = json(
                    normalizer,
                    "null",
                    List.of(
                            new Added("<a>", "rstrip" + later),
                            new Added("\n\nv", "lstrip" + later),
                            new Added(" x", "rstrip,single_word" + later),
                            new Added("\t", later)));
            same(
                    json,
                    List.of(
                            "<a>\n\nv",
                            "<a> \n\n\nv.",
                            "a<a> x x  x",
                            "<a> xy <a>  x ",
                            "<a> \t b",
                            "<a>\t \t <a>\t",
                            " x\n\nv x\t\n\nv",
                            "<a>\u3000\n\nv\u00a0x"));
        }
    }

    /** The library ends the process; here the token is not found a second time in what the one before it has taken. */
    @Test
    void whiteSpaceThatIsTakenIsNotATokenOfItsOwn() {
        byte[] json = json("null", "null", List.of(new Added("<a>", "rstrip"), new Added("\t", "lstrip")));
        Tokenizer ours = Tokenizer.open("tokenizer.json", json, 1_000);
        assertThat(ours.encodeAll("<a>\t b")).containsExactly(256, 'b');
        assertThat(ours.encodeAll("b\t<a>")).containsExactly('b', 257, 256);
    }

    @Test
    void ofTwoThatNormalizersMakeTheSameTheSpecialOneCountsAndThenTheFirst() throws IOException {
        String lowercase = "{\"type\":\"Lowercase\"}";
        same(
                json(
                        lowercase,
                        "null",
                        List.of(
                                new Added("<A>", "normalized"),
                                new Added("<a>", "normalized"),
                                new Added("<B>", "normalized"),
                                new Added("<b>", "normalized,special"),
                                new Added("<C>", "normalized,special"),
                                new Added("<c>", "normalized,special"))),
                List.of("<a> <A>", "<b><B>", "x<C><c>"));
    }

    /** As of a BERT with words that users add, or that pylate marks queries by. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void wordPieceFindsThemInTheCleanedText(boolean lowercase) throws IOException {
        List<Added> added = List.of(
                new Added("[Q] ", "normalized"),
                new Added("Caf\u00e9", "normalized"),
                new Added("tokens", "normalized,single_word"),
                new Added("\u4e2d", "normalized"),
                new Added("[SEP]", "special"));
        String tokens = IntStream.range(0, added.size())
                .mapToObj(i -> added.get(i).json(i == 4 ? 3 : 7 + i))
                .collect(Collectors.joining(","));
        byte[] json = TokenizerTest.SMALL
                .replace("\"lowercase\":true", "\"lowercase\":" + lowercase)
                .replaceFirst("\"added_tokens\":\\[", "\"added_tokens\":[" + Matcher.quoteReplacement(tokens) + ",")
                .replaceFirst("\"truncation\":\\{[^}]*},", "\"truncation\":null,")
                .replaceFirst("\"padding\":\\{.*?\\},\\s", "\"padding\":null,\n")
                .getBytes(StandardCharsets.UTF_8);
        same(
                json,
                List.of(
                        "[Q] a",
                        "[q] a token",
                        "a [Q]token",
                        "Cafe\u0301 caf\u00e9 CAF\u00c9s Cafe",
                        "tokens atokens tokens.",
                        "a\u4e2da \u4e2d",
                        "\ta\u0007token\u00a0s [SEP] \u0130 \u1e9e",
                        ""));
    }

    /** A space in what NFKD makes of an accent counts; a letter that is no more than by its look a space of bytes does not. */
    @ParameterizedTest
    @ValueSource(strings = {"null", "{\"type\":\"NFKD\"}", "{\"type\":\"Lowercase\"}"})
    void placesAreTrimmedByTheTextThatIsFound(String normalizer) throws IOException {
        for (boolean prefixSpace : new boolean[] {true, false}) {
            same(
                    json(
                            normalizer,
                            BYTES.replace("\"add_prefix_space\":false", "\"add_prefix_space\":" + prefixSpace),
                            List.of(
                                    new Added("\u00b4", "normalized"),
                                    new Added("\u0120h", "normalized"),
                                    new Added("t", "normalized,rstrip"),
                                    new Added("\u0120w", "normalized,lstrip,rstrip"),
                                    new Added("\u0120k", "special"))),
                    List.of(
                            "\u00b4",
                            "a \u00b4 \u00b4b",
                            "\u0120h  \u0120h",
                            "t\u0385 t \u00b4",
                            "  \u0120w \u0120w",
                            "x \u0120k\u0120k"));
        }
    }
}
