package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class PaddedBatchesTest {
    private static final List<int[]> TEXTS = List.of(new int[9], new int[2], new int[7], new int[2], new int[5]);

    private final List<String> batches = new ArrayList<>();

    private void run(List<int[]> texts, int[] order, int from, int to, int length, float[][] vectors) {
        batches.add(Arrays.toString(Arrays.copyOfRange(order, from, to)) + " of " + length);
        for (int i = from; i < to; i++) {
            vectors[order[i]] = new float[] {texts.get(order[i]).length};
        }
    }

    @Test
    void sortedBatchesHoldTextsOfLikeLengthAndResultsKeepTheirPlaces() {
        float[][] vectors = new PaddedBatches(2, true).encode(TEXTS, this::run);
        assertThat(batches).containsExactly("[1, 3] of 2", "[4, 2] of 7", "[0] of 9");
        assertThat(Arrays.stream(vectors).map(vector -> vector[0])).containsExactly(9f, 2f, 7f, 2f, 5f);
    }

    @Test
    void otherBatchesTakeTextsAsTheyCome() {
        float[][] vectors = new PaddedBatches(2, false).encode(TEXTS, this::run);
        assertThat(batches).containsExactly("[0, 1] of 9", "[2, 3] of 7", "[4] of 5");
        assertThat(Arrays.stream(vectors).map(vector -> vector[0])).containsExactly(9f, 2f, 7f, 2f, 5f);
    }
}
