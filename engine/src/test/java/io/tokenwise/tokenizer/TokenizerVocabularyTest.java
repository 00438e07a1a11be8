package io.tokenwise.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.TestMoonshines;
import io.tokenwise.api.BadFileException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A tokenizer.json in place of Llama's script. */
class TokenizerVocabularyTest {
    @TempDir
    private Path folder;

    @Test
    void textsAreThoseOfTheScript() throws IOException {
        LlamaVocabulary script = LlamaVocabulary.read(TestMoonshines.writeVocabulary(folder));
        byte[] json = Files.readAllBytes(TestMoonshines.writeTokenizer(folder));
        TokenizerVocabulary vocabulary = TokenizerVocabulary.parse("tokenizer.json", json);
        assertThat(vocabulary.size()).isEqualTo(script.size());
        assertThat(vocabulary.files().get("tokenizer.json")).isEqualTo(json);
        var random = new SplittableRandom(1);
        for (int i = 0; i < 200; i++) {
            // Pieces, special and added tokens, and bytes that are ASCII: of others it is told below.
            int[] tokens = random.ints(i % 20, 0, script.size())
                    .map(id -> id >= 3 + 0x80 && id < 3 + 256 ? id - 0x80 : id)
                    .toArray();
            assertThat(vocabulary.decode(tokens)).isEqualTo(script.decode(tokens));
        }
        int[] emoji = {1, 299, 3 + 0xF0, 3 + 0x9F, 3 + 0xA6, 3 + 0x99, 300, 2};
        assertThat(vocabulary.decode(emoji)).isEqualTo(script.decode(emoji)).isEqualTo("w299🦙");
        assertThatThrownBy(() -> vocabulary.decode(script.size()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("tokenizer.json: no token has the id 1068");
    }

    @Test
    void whatAModelCannotWriteByIsRefused() throws IOException {
        String json = Files.readString(TestMoonshines.writeTokenizer(folder));
        refused("{}", "model.type is missing; supported: WordPiece, WordLevel, Unigram or BPE");
        refused(json.replace("\u2581w299", "w".repeat(1_025)), "token 299 has 1025 chars; it may have 1024");
        refused(
                "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 2}, \"merges\": []}}",
                "has no token 1; ids must go from 0 to 2");
    }

    private static void refused(String json, String fact) {
        assertThatThrownBy(() -> TokenizerVocabulary.parse("t.json", json.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(BadFileException.class)
                .hasMessage("t.json: " + fact);
    }
}
