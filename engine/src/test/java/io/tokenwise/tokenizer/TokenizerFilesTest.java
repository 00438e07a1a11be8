package io.tokenwise.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.io.JsonFile;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Files of tokenizers that say less than others, or in another order, or more than a model knows. */
class TokenizerFilesTest {
    /** As in the first files of bert-base-uncased, RoBERTa and XLM-R. */
    @Test
    void aModelMayHaveNoType() {
        byte[] unigram = UnigramVocabulary.of(new String[] {"the", "man"}, 110).json();
        byte[] bpe = new SpmVocabulary(List.of("the", "man")).json(SpmVocabulary.LLAMA2, true);
        for (byte[] typed : List.of(TokenizerTest.SMALL.getBytes(StandardCharsets.UTF_8), unigram, bpe)) {
            var json = (ObjectNode) JsonMapper.shared().readTree(typed);
            ((ObjectNode) json.get("model")).remove("type");
            Tokenizer wanted = Tokenizer.open("tokenizer.json", typed, 100);
            Tokenizer untyped = Tokenizer.open("tokenizer.json", JsonFile.format(json), 100);
            assertThat(untyped.kind()).isEqualTo(wanted.kind());
            assertThat(untyped.encodeAll("the tokens a man")).isEqualTo(wanted.encodeAll("the tokens a man"));
        }
    }

    /** As of a file whose fields were sorted. */
    @Test
    void mergesMayComeBeforeTheirPieces() {
        byte[] bpe = new SpmVocabulary(List.of("the", "man")).json(SpmVocabulary.LLAMA2, true);
        var json = (ObjectNode) JsonMapper.shared().readTree(bpe);
        var model = (ObjectNode) json.get("model");
        model.set("vocab", model.remove("vocab"));
        assertThat(List.copyOf(model.propertyNames())).containsSubsequence("merges", "vocab");
        Tokenizer tokenizer = Tokenizer.open("tokenizer.json", JsonFile.format(json), 100);
        assertThat(tokenizer.encodeAll("the man"))
                .isEqualTo(Tokenizer.open("tokenizer.json", bpe, 100).encodeAll("the man"))
                .hasSize(2);
    }

    /** Gemma 3's marks images, of which its models of texts have no row. */
    @Test
    void specialTokensThatTheModelHasNoRowForAreText() {
        String more = TokenizerTest.SMALL.replace(
                "\"added_tokens\":[",
                "\"added_tokens\":[{\"id\":7,\"content\":\"[a]\",\"special\":true},{\"id\":8,\"content\":\"<a>\",\"special\":false},");
        byte[] json = more.getBytes(StandardCharsets.UTF_8);
        assertThat(Tokenizer.open("tokenizer.json", json, 10).encodeAll("[a]<a>"))
                .containsExactly(7, 8);
        // One that a user has added is not lost silently.
        assertThat(Tokenizer.open("tokenizer.json", json, 10, TokenTypes.MOST, 7)
                        .vocabularySize())
                .isEqualTo(9);
        byte[] one = more.replace(",{\"id\":8,\"content\":\"<a>\",\"special\":false}", "")
                .getBytes(StandardCharsets.UTF_8);
        Tokenizer tokenizer = Tokenizer.open("tokenizer.json", one, 10, TokenTypes.MOST, 7);
        assertThat(tokenizer.vocabularySize()).isEqualTo(7);
        assertThat(tokenizer.encodeAll("[a]")).containsExactly(1, 4, 1);
    }
}
