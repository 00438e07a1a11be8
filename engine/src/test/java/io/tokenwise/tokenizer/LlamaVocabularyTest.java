package io.tokenwise.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tokenwise.api.BadFileException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LlamaVocabularyTest {
    /** Names the package's llama-tokenizer.js. */
    private static final String PROPERTY = "tokenwise.llamaTokenizer";

    private static final int FIRST_BYTE = 3;
    private static final int FIRST_PIECE = FIRST_BYTE + 256;

    @TempDir
    private Path folder;

    private static List<String> pieces(String... pieces) {
        List<String> all = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        IntStream.range(0, 256).forEach(b -> all.add("<0x%02X>".formatted(b)));
        all.addAll(List.of(pieces));
        return all;
    }

    private LlamaVocabulary read(List<String> pieces) throws IOException {
        byte[] text = String.join("\n", pieces).getBytes(StandardCharsets.UTF_8);
        return readScript("const llama_vocab_base64 = \"" + Base64.getEncoder().encodeToString(text) + "\";\n");
    }

    private LlamaVocabulary readScript(String script) throws IOException {
        return LlamaVocabulary.read(Files.writeString(folder.resolve("v.js"), "/** MIT */\n\n" + script));
    }

    @Test
    void piecesAreJoinedAndTheFirstSpaceIsDropped() throws IOException {
        LlamaVocabulary vocabulary = read(pieces("▁", "▁he", "llo", "▁▁", "é"));
        int first = FIRST_PIECE;
        assertThat(vocabulary.size()).isEqualTo(first + 5 + LlamaVocabulary.ADDED);
        assertThat(vocabulary.decode()).isEmpty();
        assertThat(vocabulary.decode(first + 1, first + 2, first, first + 4)).isEqualTo("hello é");
        assertThat(vocabulary.decode(first + 3, first + 2)).isEqualTo(" llo");
        assertThat(vocabulary.decode(first + 2)).isEqualTo("llo");
    }

    @Test
    void bytesAreJoinedToCharacters() throws IOException {
        LlamaVocabulary vocabulary = read(pieces("a"));
        assertThat(vocabulary.decode(FIRST_PIECE, 3 + 0xF0, 3 + 0x9F, 3 + 0xA6, 3 + 0x99, FIRST_PIECE, 3 + '\n'))
                .isEqualTo("a🦙a\n");
        assertThat(vocabulary.decode(3 + 0xF0, FIRST_PIECE)).isEqualTo("\ufffda");
    }

    @Test
    void specialAndAddedTokensAreNotShown() throws IOException {
        LlamaVocabulary vocabulary = read(pieces("▁a"));
        assertThat(vocabulary.decode(1, FIRST_PIECE, 0, FIRST_PIECE + 1, vocabulary.size() - 1, 2))
                .isEqualTo("a");
    }

    @Test
    void tokensThatAreNotThereAreRefused() throws IOException {
        LlamaVocabulary vocabulary = read(pieces());
        assertThatThrownBy(() -> vocabulary.decode(1_027)).hasMessage("decode: token 1027, ids here go from 0 to 1026");
        assertThatThrownBy(() -> vocabulary.decode(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aBadFileIsToldInALine() {
        refused(() -> read(List.of("<unk>", "<s>")), "its piece 2 is missing, needed is </s>");
        refused(() -> read(pieces().subList(0, 258)), "its piece 258 is missing, needed is <0xFF>");
        refused(() -> read(pieces("a", "")), "its piece 260 is empty");
        refused(() -> read(pieces("a", "a")), "its piece 260 is there before");
        String needed = "has no string llama_vocab_base64; llama-tokenizer.js of llama-tokenizer-js 1.2.2 has";
        refused(() -> readScript(""), needed);
        refused(() -> readScript("const llama_vocab_base64 = \"PHVua"), needed);
        refused(
                () -> readScript("const llama_vocab_base64 = \"P(\""),
                "its llama_vocab_base64 is not base64: Illegal base64 character 28");
        refused(
                () -> readScript("const llama_vocab_base64 = \"/w==\""),
                "is not UTF-8, or the vocabulary in it is not");
        refused(() -> readScript(" ".repeat(5 << 20)), "a vocabulary of more than 4194304 bytes is not read");
        refused(() -> LlamaVocabulary.read(folder.resolve("none.js")), "no such file");
    }

    private interface Reading {
        LlamaVocabulary read() throws IOException;
    }

    private static void refused(Reading reading, String fact) {
        assertThatThrownBy(reading::read)
                .isInstanceOf(BadFileException.class)
                .hasMessageMatching("[^:]*\\.js: .*")
                .hasMessageEndingWith(".js: " + fact);
    }

    /** The package's own tests of its decoder. */
    @Test
    void theRealVocabulary() throws IOException {
        String file = System.getProperty(PROPERTY);
        assumeTrue(
                file != null,
                "no real vocabulary: -D" + PROPERTY + " names no llama-tokenizer.js of llama-tokenizer-js");
        LlamaVocabulary vocabulary = LlamaVocabulary.read(Path.of(file));
        assertThat(vocabulary.size()).isEqualTo(32_768);
        assertThat(vocabulary.decode(1, 2646, 1327, 287, 2)).isEqualTo("grabbed");
        assertThat(vocabulary.decode(1, 9651, 2646, 1327, 287)).isEqualTo("           grabbed");
        assertThat(vocabulary.decode(1, 29871, 243, 162, 169, 156)).isEqualTo("🦙");
    }
}
