package io.tokenwise.acm;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.Sessions;
import io.tokenwise.TestModels;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.VectorBackend;
import io.tokenwise.io.ModelFiles;
import io.tokenwise.io.ModelWriter;
import io.tokenwise.model.Encoder;
import io.tokenwise.nn.Budget;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** MiniLM with adaptive attention, untrained and with gates of random weights. */
class AdaptiveAttentionTest {
    private static final Logger LOG = LoggerFactory.getLogger(AdaptiveAttentionTest.class);

    private final List<int[]> texts = TestModels.sequences(3, 9, 1, 17, 64, 5, 31, 128, 2, 12);

    @ParameterizedTest
    @ValueSource(strings = {"mlp,qkvo 4", "qk,vo 8", "q,k,v,o 6", "o 4", "qk 4", "k 2", "mlp,v 12"})
    void isTheDenseModelUntilItSaves(String layers, @TempDir Path directory) throws IOException {
        String[] parts = layers.split(" ");
        try (Backend backend = VectorBackend.open(2);
                ModelFiles files = ModelFiles.builtIn("minilm");
                Encoder adaptive = Encoder.load(files, backend)) {
            float[][] dense = encode(adaptive, Budget.FULL);
            long fullFlops = (long) adaptive.flopsPerToken(1, 1);
            TestModels.acmize(adaptive, AdaptiveLayers.parse(parts[0], Integer.parseInt(parts[1])), texts);
            assertThat((long) adaptive.flopsPerToken(1, 1)).isEqualTo(fullFlops);
            float[][] full = encode(adaptive, Budget.FULL);
            double largest = distance(full, dense);
            LOG.info("{}: full budget is {} from the dense model", layers, largest);
            // Rotated weights are rounded to floats once more, and products sum in another order.
            assertThat(largest).isLessThan(1e-5);
            assertThat(distance(encode(adaptive, Budget.fixed(0.5)), dense)).isBetween(0.01, 1.2);

            TestModels.randomizeGates(adaptive, 0.3);
            adaptive.save(directory.resolve("adaptive"), files.tokenizer(), ModelWriter.Existing.KEEP);
            try (ModelFiles saved = ModelFiles.open(directory.resolve("adaptive"));
                    Encoder read = Encoder.load(saved, backend)) {
                for (Budget budget : List.of(Budget.FULL, Budget.of(0.5), Budget.fixed(0.25), Budget.hard(0.5))) {
                    assertThat(encode(read, budget)).as("saved, %s", budget).isDeepEqualTo(encode(adaptive, budget));
                }
            }
        }
    }

    private float[][] encode(Encoder encoder, Budget budget) {
        try (var sessions = new Sessions(encoder, encoder.parameters().backend(), 1024, 1)) {
            return sessions.encode(texts, budget, null);
        }
    }

    private static double distance(float[][] a, float[][] b) {
        double largest = 0;
        for (int i = 0; i < a.length; i++) {
            double squares = 0;
            for (int j = 0; j < a[i].length; j++) {
                squares += Math.pow(a[i][j] - b[i][j], 2);
            }
            largest = Math.max(largest, Math.sqrt(squares));
        }
        assertThat(Arrays.stream(a)).isNotEmpty();
        return largest;
    }
}
