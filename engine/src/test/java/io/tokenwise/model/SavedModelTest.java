package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.EncoderOptions;
import io.tokenwise.TextEncoder;
import io.tokenwise.io.ModelWriter;
import io.tokenwise.nn.Budget;
import io.tokenwise.testdata.WordNet;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model that is saved and opened again gives the same vectors, bit for bit; AcmTest has the same for adaptive models. */
class SavedModelTest {
    @Test
    void directorySavedFromMiniLmIsMiniLm(@TempDir Path directory) throws IOException {
        List<String> texts = WordNet.load().examples().subList(0, 50);
        Path target = directory.resolve("minilm");
        try (TextEncoder builtIn = TextEncoder.open("minilm", EncoderOptions.defaults())) {
            builtIn.encoder().save(target, builtIn.tokenizer(), ModelWriter.Existing.KEEP);
            try (TextEncoder saved = TextEncoder.open(target.toString(), EncoderOptions.defaults())) {
                assertThat(saved.description().maxTokens())
                        .isEqualTo(builtIn.description().maxTokens());
                for (int i = 0; i < texts.size(); i++) {
                    assertThat(saved.embed(texts.get(i), Budget.of(0.5)).vector())
                            .as(texts.get(i))
                            .isEqualTo(builtIn.embed(texts.get(i)).vector());
                }
            }
        }
    }
}
