package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tokenwise.EncoderOptions;
import io.tokenwise.Sessions;
import io.tokenwise.TextEncoder;
import io.tokenwise.acm.Spending;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.BackendChoice;
import io.tokenwise.backend.VectorBackend;
import io.tokenwise.io.ModelFiles;
import io.tokenwise.nn.Budget;
import io.tokenwise.testdata.WordNet;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
            assertThat(meanCosine(minilm, shipped, texts, Budget.flops(.5))).isGreaterThan(.95);
        }
    }

    /** With calibration at every tenth of what gates are told, .35 spent .04 more. */
    @ParameterizedTest
    @ValueSource(doubles = {.35, .5, .75})
    void spendsWhatASoftBudgetSays(double share) throws IOException {
        assumeTrue(ModelFiles.defaultName().equals("minilm-acm"), "module minilm-acm has no model yet");
        List<String> texts = WordNet.load().examples().subList(0, 400);
        try (Backend backend = VectorBackend.open(2);
                ModelFiles files = ModelFiles.open("minilm-acm");
                Encoder encoder = Encoder.load(files, backend);
                var sessions = new Sessions(encoder, backend, 1024, 1)) {
            List<int[]> ids = texts.stream()
                    .map(text -> files.tokenizer().encode(text).ids())
                    .toList();
            var spending = new Spending(encoder.acms());
            sessions.encode(ids, Budget.flops(share), spending);
            assertThat(spending.share()).isCloseTo(share, within(.02));
        }
    }

    private static double meanCosine(TextEncoder minilm, TextEncoder shipped, List<String> texts, Budget budget) {
        return texts.stream()
                .mapToDouble(text -> shipped.embed(text, budget).cosine(minilm.embed(text)))
                .average()
                .orElseThrow();
    }
}
