package io.tokenwise.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.TestModels;
import io.tokenwise.api.BadFileException;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.testdata.FetchedData;
import io.tokenwise.testdata.WordNet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A tokenizer of a vocab.txt, against one of the tokenizer.json that Hugging Face made of the same vocabulary. */
class BertVocabularyTest {
    private static byte[] bytes(String... lines) {
        return (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    private static Tokenizer open(byte[] vocabulary) {
        return Tokenizer.open("vocab.txt", BertVocabulary.tokenizerJson("vocab.txt", vocabulary), 64);
    }

    @Test
    void itIsThatOfTheTokenizerJson() throws IOException {
        try (ModelFiles minilm = TestModels.files("minilm")) {
            Tokenizer wanted = minilm.tokenizer();
            List<String> pieces =
                    wanted.tokens(IntStream.range(0, wanted.vocabularySize()).toArray());
            assertSame(open(bytes(pieces.toArray(String[]::new))), wanted);
        }
    }

    /** BERT's own, which MiniLM has too. */
    @Test
    void bertBasesIsMiniLms() throws IOException {
        Path folder = FetchedData.find("bert-base")
                .orElseGet(() -> Assumptions.abort("bert-base is not here; ./tokenwise fetch bert-base brings it"));
        try (ModelFiles minilm = TestModels.files("minilm")) {
            assertSame(open(Files.readAllBytes(folder.resolve(BertVocabulary.FILE))), minilm.tokenizer());
        }
    }

    private static void assertSame(Tokenizer tokenizer, Tokenizer wanted) throws IOException {
        assertThat(tokenizer.vocabularySize()).isEqualTo(wanted.vocabularySize());
        List<String> texts = WordNet.load().examples().subList(0, 2_000);
        for (String text : texts) {
            assertThat(tokenizer.encode(text).ids())
                    .as(text)
                    .containsExactly(wanted.encode(text, 64).ids());
        }
        String strange = "Über-GROSSE naïve [MASK] cafés, 東京\u2028x\u0000y \ud83d\ude00 " + "z".repeat(101);
        assertThat(tokenizer.encode(strange).ids())
                .containsExactly(wanted.encode(strange, 64).ids());
        assertThat(tokenizer.id("[MASK]")).hasValue(103).isEqualTo(wanted.id("[MASK]"));
    }

    @Test
    void aTokenHasAnIdOrNone() {
        Tokenizer tokenizer = open(bytes("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "##b"));
        assertThat(tokenizer.id("##b")).hasValue(6);
        assertThat(tokenizer.id("c")).isEmpty();
        assertThat(tokenizer.tokens(tokenizer.encode("ab [MASK]").ids()))
                .containsExactly("[CLS]", "a", "##b", "[MASK]", "[SEP]");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a b c | has no line [PAD]: not the vocabulary of a BERT",
                "[PAD] [UNK] [CLS] [SEP] a | has no line [MASK]: not the vocabulary of a BERT",
                "[PAD] [UNK] [CLS] [UNK] a | line 4 is the same as line 2; each must be a piece",
                "[PAD]  [CLS] | line 2 is empty; each must be a piece"
            })
    void aWrongVocabularyIsRefused(String lines, String fact) {
        assertThatThrownBy(() -> open(bytes(lines.split(" ", -1))))
                .isInstanceOf(BadFileException.class)
                .hasMessage("vocab.txt: " + fact);
    }

    @Test
    void anEmptyOneAndOneThatIsNoTextAreRefused() {
        assertThatThrownBy(() -> open(new byte[0])).hasMessageContaining("has no line [PAD]");
        assertThatThrownBy(() -> open(new byte[] {-1, -1})).hasMessage("vocab.txt: is not UTF-8");
    }
}
