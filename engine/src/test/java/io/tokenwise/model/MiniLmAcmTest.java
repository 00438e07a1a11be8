package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tokenwise.EncoderOptions;
import io.tokenwise.TextEncoder;
import io.tokenwise.backend.BackendChoice;
import io.tokenwise.io.ModelFiles;
import io.tokenwise.nn.Budget;
import io.tokenwise.testdata.WordNet;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The model that comes with the build is MiniLM at full budget, nearly, and near to it at half. */
class MiniLmAcmTest {
    @Test
    void isNearMiniLm() throws IOException {
        assumeTrue(ModelFiles.defaultName().equals("minilm-acm"), "module minilm-acm has no model yet");
        List<String> texts = WordNet.load().examples().subList(0, 200);
        var options = EncoderOptions.defaults().withBackend(BackendChoice.FLOAT32);
        try (TextEncoder minilm = TextEncoder.open("minilm", options);
                TextEncoder shipped = TextEncoder.open("minilm-acm", options)) {
            assertThat(shipped.encoder().teacher()).isEqualTo("minilm");
            assertThat(meanCosine(minilm, shipped, texts, Budget.FULL)).isGreaterThan(.998);
            assertThat(meanCosine(minilm, shipped, texts, Budget.of(.5))).isGreaterThan(.95);
        }
    }

    private static double meanCosine(TextEncoder minilm, TextEncoder shipped, List<String> texts, Budget budget) {
        return texts.stream()
                .mapToDouble(text -> shipped.embed(text, budget).cosine(minilm.embed(text)))
                .average()
                .orElseThrow();
    }
}
