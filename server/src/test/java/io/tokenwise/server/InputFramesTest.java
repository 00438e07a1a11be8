package io.tokenwise.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.server.TeiInputs.Cut;
import io.tokenwise.tokenizer.Tokenizer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Inputs of models that want other tokens around a text than one before it and one behind it, as Qwen3 wants one behind it alone. */
class InputFramesTest {
    private static final int MOST = 6;

    /** The marks are 2 before and 3 behind. */
    private static final String FILE = """
            {"version":"1.0","added_tokens":[],"normalizer":{"type":"BertNormalizer"},"pre_tokenizer":{"type":"BertPreTokenizer"},
             "post_processor":{"type":"TemplateProcessing","single":[%s],"pair":[],
              "special_tokens":{"[B]":{"id":"[B]","ids":[2],"tokens":["[B]"]},"[E]":{"id":"[E]","ids":[3],"tokens":["[E]"]}}},
             "decoder":{"type":"WordPiece"},
             "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,
              "vocab":{"[PAD]":0,"[UNK]":1,"[B]":2,"[E]":3,"a":4,"b":5,"c":6}}}
            """;

    /** Without marks; no token has the id 2. */
    private static final String HOLE = """
            {"version":"1.0","added_tokens":[],"normalizer":null,"pre_tokenizer":null,"post_processor":null,"decoder":null,
             "model":{"type":"BPE","unk_token":null,"fuse_unk":false,"byte_fallback":false,"vocab":{"a":0,"b":1,"c":3},"merges":[]}}
            """;

    /** @param frame such as {@code BAE}, where A is the text */
    private static Tokenizer tokenizer(String frame) {
        String parts = frame.chars()
                .mapToObj(part -> part == 'A'
                        ? "{\"Sequence\":{\"id\":\"A\"}}"
                        : "{\"SpecialToken\":{\"id\":\"[" + (char) part + "]\"}}")
                .collect(Collectors.joining(","));
        return Tokenizer.open("t", FILE.formatted(parts).getBytes(UTF_8), MOST);
    }

    private static JsonNode json(String text) {
        return JsonMapper.shared().readTree(text);
    }

    private static int[] ids(String joined) {
        return Stream.of(joined.split(" ")).mapToInt(Integer::parseInt).toArray();
    }

    private static int[] openAi(Tokenizer tokenizer, String input) {
        return TextInputs.read("input", json(input), "", tokenizer, 8).ids().getFirst();
    }

    private static int[] tei(Tokenizer tokenizer, String input, boolean left) {
        return TeiInputs.read(json(input), TeiInputs::name, tokenizer, "", new Cut(true, left))
                .texts()
                .ids()
                .getFirst();
    }

    @ParameterizedTest
    @CsvSource({"BAE,2 4 5 3", "AE,4 5 3", "BA,2 4 5", "A,4 5", "BAEE,2 4 5 3 3"})
    void idsGetTheMarksThatTextsGetUnlessTheyHaveThem(String frame, String wanted) {
        Tokenizer tokenizer = tokenizer(frame);
        assertThat(openAi(tokenizer, "\"a b\"")).containsExactly(ids(wanted));
        assertThat(openAi(tokenizer, "[4, 5]")).containsExactly(ids(wanted));
        assertThat(openAi(tokenizer, "[" + wanted.replace(' ', ',') + "]")).containsExactly(ids(wanted));
        int most = MOST - tokenizer.frame().marks();
        assertThatThrownBy(() -> openAi(tokenizer, "[4, 4, 4, 4, 4, 4, 4]"))
                .isInstanceOf(ApiError.class)
                .hasMessage("input has 7 token ids: the model reads " + most + " at most");
    }

    @ParameterizedTest
    @CsvSource({"BAE,2 4 5 4 6 3", "AE,5 4 5 4 6 3", "BA,2 5 4 5 4 6", "A,4 5 4 5 4 6", "BAEE,2 5 4 6 3 3"})
    void whatIsCutAtTheLeftKeepsTheMarksAtBothEnds(String frame, String wanted) {
        assertThat(tei(tokenizer(frame), "\"a b a b a b a b a c\"", true)).containsExactly(ids(wanted));
    }

    @Test
    void aTextWithoutATokenAndAnIdThatNoTokenHasAreTheClientsMistakes() {
        Tokenizer plain = Tokenizer.open("t", HOLE.getBytes(UTF_8), MOST);
        assertThatThrownBy(() -> openAi(plain, "[\" \"]"))
                .isInstanceOf(ApiError.class)
                .hasMessage("input[0] has no token: give a text with a word");
        assertThatThrownBy(() -> openAi(plain, "[0, 2]"))
                .isInstanceOf(ApiError.class)
                .hasMessage("input[1] must be a token id of this model, a whole number from 0 to 3, is 2");
        assertThatThrownBy(() -> tei(plain, "\" \"", false))
                .isInstanceOf(ApiError.class)
                .hasMessage("Input validation error: `inputs` has a text without a token");
        assertThatThrownBy(() -> TeiInputs.ids("ids", json("[0, 2]"), plain))
                .isInstanceOf(ApiError.class)
                .hasMessage("Input validation error: `ids[1]` must be a token id of this model, a whole number from 0"
                        + " to 3, is 2");
    }

    /** Control characters are left out before words are looked for. */
    @Test
    void thePageKnowsTextsWithoutAWord() {
        Tokenizer plain = Tokenizer.open("t", HOLE.getBytes(UTF_8), MOST);
        assertThat(PageTextRoute.words("\u0001\u0002", plain)).isEmpty();
        assertThat(PageTextRoute.words(" ", tokenizer("BAE"))).isEmpty();
        assertThat(PageTextRoute.words("ab", plain).orElseThrow().ids()).containsExactly(0, 1);
        assertThat(PageTextRoute.words("\u0001", tokenizer("A"))).isEmpty();
    }
}
