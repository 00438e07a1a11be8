package io.tokenwise.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.TestModels;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.testdata.WordNet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class PairsTest {
    private static byte[] minilm;
    private static List<String> glosses;

    @BeforeAll
    static void load() throws IOException {
        try (ModelFiles files = TestModels.files("minilm")) {
            minilm = files.tokenizer().json();
        }
        glosses = WordNet.load().glosses();
    }

    private static List<String> pair(Tokenizer tokenizer, String first, String second, int most) {
        return Arrays.stream(tokenizer.encodePair(first, second, most).ids())
                .mapToObj(typed -> TokenTypes.id(typed) + ":" + TokenTypes.type(typed))
                .toList();
    }

    private static void compare(byte[] json) throws IOException {
        Tokenizer tokenizer = Tokenizer.open("tokenizer.json", json, 10_000);
        for (int most : new int[] {8, 9, 24, 31, 10_000}) {
            try (var library = new HuggingFace(json, most)) {
                for (int i = 0; i < 60; i++) {
                    String first = glosses.get(i * 31);
                    String second =
                            i % 3 == 0 ? glosses.get(i * 17 + 1) + " " + glosses.get(i + 5) : glosses.get(i * 17 + 1);
                    assertThat(pair(tokenizer, first, second, most))
                            .as(most + " " + first + "|" + second)
                            .isEqualTo(library.pair(first, second));
                }
                assertThat(pair(tokenizer, "", "a", most)).isEqualTo(library.pair("", "a"));
                assertThat(pair(tokenizer, "a", "", most)).isEqualTo(library.pair("a", ""));
            }
        }
    }

    @Test
    void pairsAreThoseOfTheLibrary() throws IOException {
        compare(minilm);
        compare(UnigramVocabulary.of(new String[] {"the", "of", "##a"}, 500).json());
        compare(new SpmVocabulary(List.of("the", "of")).json(SpmVocabulary.GEMMA, true));
    }

    @Test
    void pairsInBertsAndRobertasOwnFormAreThoseOfTheLibrary() throws IOException {
        String json = new String(minilm, StandardCharsets.UTF_8);
        int from = json.indexOf("\"post_processor\"");
        int to = json.indexOf("\"decoder\"");
        String marks = "\"sep\":[\"[SEP]\",102],\"cls\":[\"[CLS]\",101]";
        for (String form : List.of(
                "{\"type\":\"BertProcessing\"," + marks + "}",
                "{\"type\":\"RobertaProcessing\"," + marks + ",\"trim_offsets\":true,\"add_prefix_space\":false}",
                "{\"type\":\"Sequence\",\"processors\":[{\"type\":\"BertProcessing\"," + marks + "}]}")) {
            String changed = json.substring(0, from) + "\"post_processor\":" + form + "," + json.substring(to);
            compare(changed.getBytes(StandardCharsets.UTF_8));
        }
    }

    @Test
    void longTextsAreCutAsTheLibraryCutsThem() throws IOException {
        Tokenizer tokenizer = Tokenizer.open("minilm", minilm, 512);
        String words = String.join(" ", glosses.subList(0, 300));
        try (var library = new HuggingFace(minilm, 512)) {
            assertThat(pair(tokenizer, "a query", words, 512)).isEqualTo(library.pair("a query", words));
            assertThat(pair(tokenizer, words, "a query", 512)).isEqualTo(library.pair(words, "a query"));
            assertThat(pair(tokenizer, words, words + " more", 512)).isEqualTo(library.pair(words, words + " more"));
            assertThat(pair(tokenizer, words + " more", words, 512)).isEqualTo(library.pair(words + " more", words));
        }
        assertThat(tokenizer.encodePair("a", words, 512).truncated()).isTrue();
        assertThat(tokenizer.encodePair("a", "b", 512).truncated()).isFalse();
    }

    @Test
    void aPairIsRefusedWhereThereIsNoFormForIt() {
        Tokenizer tokenizer =
                Tokenizer.open("tokenizer.json", TokenizerTest.SMALL.getBytes(StandardCharsets.UTF_8), 10);
        assertThatThrownBy(() -> tokenizer.encodePair("a", "a", 10))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("tokenizer.json: post_processor has no form for pairs of texts; this model takes one text");
        Tokenizer ofPairs = Tokenizer.open("minilm", minilm, 512);
        assertThatThrownBy(() -> ofPairs.encodePair("a", "a", 4))
                .hasMessage("minilm: pairs can be cut to 5 or more tokens, not to 4");
        assertThatThrownBy(() -> ofPairs.encodePair("a", "a", 513))
                .hasMessage("minilm: texts can be cut to 3 to 512 tokens, not to 513");
    }

    @Test
    void aTypeIsInTheTopmostByte() {
        assertThat(TokenTypes.of(102, 0)).isEqualTo(102);
        int typed = TokenTypes.of(102, 1);
        assertThat(TokenTypes.id(typed)).isEqualTo(102);
        assertThat(TokenTypes.type(typed)).isEqualTo(1);
    }
}
