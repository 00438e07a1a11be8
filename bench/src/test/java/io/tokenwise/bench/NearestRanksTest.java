package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NearestRanksTest {
    @Test
    void countsThoseThatAreNearer() {
        float[][] vectors = {{1, 0}, {0, 1}, {0.5f, 0.5f}, {1, 0}};
        float[][] queries = {{1, 0}, {1, 0}, {1, 0}, {0, 1}};
        // Of the two that are equally near, the first comes first.
        assertThat(ranks(vectors, queries, 0, 3, 2, 0)).containsExactly(1, 2, 3, 3);
    }

    @Test
    void isTheSameOverSeveralBlocks() {
        var random = new Random(3);
        var vectors = new float[9_000][3];
        for (float[] vector : vectors) {
            for (int i = 0; i < vector.length; i++) {
                // Sums of these are exact.
                vector[i] = random.nextInt(-50, 50);
            }
        }
        int[] targets = {0, 4_096, 8_999};
        float[][] queries = {vectors[5], vectors[6], vectors[7]};
        int[] ranks = ranks(vectors, queries, targets);
        for (int q = 0; q < targets.length; q++) {
            int rank = 1;
            for (int d = 0; d < vectors.length; d++) {
                double nearer = Quality.dot(queries[q], vectors[d]) - Quality.dot(queries[q], vectors[targets[q]]);
                rank += nearer > 0 || nearer == 0 && d < targets[q] ? 1 : 0;
            }
            assertThat(ranks[q]).isEqualTo(rank);
        }
    }

    private static int[] ranks(float[][] vectors, float[][] queries, int... targets) {
        try (Backend backend = Backends.open(BackendChoice.FLOAT32, 1)) {
            return NearestRanks.of(backend, vectors, queries, targets);
        }
    }
}
