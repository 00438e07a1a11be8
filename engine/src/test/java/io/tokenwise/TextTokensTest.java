package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.model.ModelFiles;
import io.tokenwise.testdata.WordNet;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A text's tokens with their places. */
class TextTokensTest {
    @Test
    void tokensHaveTheirPlacesInTheText(@TempDir Path folder) throws IOException {
        TestModels.writeSmall(folder);
        try (TextEncoder encoder = TextEncoder.open(folder.toString())) {
            String text = "Émile  reads Tokenwise, 日本 [MASK]!";
            List<TextToken> tokens = encoder.tokenize(text);
            assertThat(tokens.getFirst()).isEqualTo(new TextToken(101, "[CLS]", 0, 0, true));
            assertThat(tokens.getLast()).isEqualTo(new TextToken(102, "[SEP]", 0, 0, true));
            List<TextToken> own = tokens.subList(1, tokens.size() - 1);
            assertThat(own.stream().map(token -> text.substring(token.startChar(), token.endChar())))
                    .containsExactly("Émile", "reads", "Token", "wise", ",", "日", "本", "[MASK]", "!");
            assertThat(own.stream().map(TextToken::text).limit(4)).containsExactly("emile", "reads", "token", "##wise");
            assertThat(tokens.stream().mapToInt(TextToken::id).toArray())
                    .isEqualTo(encoder.model().files().tokenizer().encode(text).ids());
            assertThat(encoder.countTokens(text)).isEqualTo(tokens.size());
            String many = "word ".repeat(5_000);
            assertThat(encoder.countTokens(many)).isEqualTo(5_002);
            assertThat(encoder.tokenize(many)).hasSize(5_002);
        }
    }

    /** Whatever the text, the ids are those that the model reads, and places ascend within it. */
    @Test
    void strangeTextsHavePlacesToo() throws IOException {
        try (ModelFiles files = TestModels.files("minilm")) {
            Tokenizer tokenizer = files.tokenizer();
            List<String> texts = new ArrayList<>(WordNet.load().examples().subList(0, 300));
            texts.addAll(List.of(
                    "",
                    "\0",
                    "a\0b",
                    "\ud800",
                    "a\udc00b",
                    "😀😀x",
                    "İstanbul",
                    "e\u0301\u0323\u0301",
                    "한국어 각",
                    "ﬁne ½",
                    "\u202eabc",
                    "x".repeat(300),
                    "[CLS] [SEP][UNK]",
                    "q\u0323\u0307\u302e\u0323"));
            for (String text : texts) {
                List<Tokenizer.Place> places = tokenizer.places(text);
                assertThat(places.stream().mapToInt(Tokenizer.Place::id).toArray())
                        .as(text)
                        .isEqualTo(tokenizer.encodeAll(text));
                int last = 0;
                for (Tokenizer.Place place : places) {
                    assertThat(place.start()).as(text).isBetween(last, text.length());
                    assertThat(place.end()).as(text).isBetween(place.start() + 1, text.length());
                    last = place.start();
                }
                int[] cut = Arrays.copyOf(tokenizer.encodeAll(text), Math.min(254, places.size()));
                assertThat(tokenizer.encode(text).ids()).isEqualTo(tokenizer.surrounded(cut));
            }
        }
    }

    /** The library's place (fuzz differ tokenizers, seed 13, file 80411): NFD changes the marks' order, and the newer one of them is none to the library. */
    @Test
    void marksInAnotherOrderAreInTheirWordsPlace() throws IOException {
        try (ModelFiles files = TestModels.files("minilm")) {
            assertThat(files.tokenizer().places("\u04dd\ud838\udc1d\u032f"))
                    .last()
                    .extracting(Tokenizer.Place::end)
                    .isEqualTo(4);
        }
    }
}
