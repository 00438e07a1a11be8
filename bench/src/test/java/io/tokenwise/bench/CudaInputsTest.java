package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CudaInputsTest {
    /** What a run on a card asks for, which no simulated run does. */
    @Test
    void wholeRunHasTextsOfAllLengths() throws IOException {
        CudaInputs inputs = CudaInputs.of(null, false);
        for (int tokens : CudaTables.LENGTHS) {
            assertThat(inputs.ofLength(tokens)).hasSize(tokens);
        }
        List<int[]> texts = inputs.ofTokens(65536);
        assertThat(CudaInputs.tokens(texts)).isBetween(65536, 65536 + 512);
        assertThat(inputs.checkedTexts()).hasSize(24);
    }

    @Test
    void textsOfAFileAreItsLines(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("texts"), "a text\nanother one\n");
        CudaInputs inputs = CudaInputs.of(file, true);
        assertThat(inputs.texts()).extracting(ids -> ids.length).containsExactly(4, 4);
        assertThatThrownBy(() -> inputs.ofLength(5)).hasMessage("no text has 5 tokens");
        Files.writeString(file, "");
        assertThatThrownBy(() -> CudaInputs.of(file, true)).hasMessageContaining("has no line");
    }
}
