package io.tokenwise.backend.onednn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** {@link OneDnnProducts#round} against its plain twin, {@link Math#round}. */
class RoundedStepsTest {
    @Test
    void halvesAndTheirNeighboursAreRoundedAsByMathRound() {
        var halves = new float[3 * 509 + 3];
        for (int i = 0; i < 509; i++) {
            float half = (i - 254) * .5f;
            halves[3 * i] = half;
            halves[3 * i + 1] = Math.nextUp(half);
            halves[3 * i + 2] = Math.nextDown(half);
        }
        halves[3 * 509] = -0f;
        halves[3 * 509 + 1] = 1e-30f;
        halves[3 * 509 + 2] = -1e-30f;
        var ones = new float[halves.length];
        Arrays.fill(ones, 1);
        assertRounded(halves, ones);
    }

    @Test
    void productsAreRoundedAsByMathRound() {
        for (float factor : new float[] {127, 63, 1 / 3f, 0, 1.7e-3f}) {
            float[] row = new float[20_001];
            float[] factors = new float[row.length];
            for (int i = 0; i < row.length; i++) {
                row[i] = (i - 10_000) / 10_000f;
                factors[i] = factor;
            }
            assertRounded(row, factors);
        }
    }

    private static void assertRounded(float[] row, float[] factors) {
        int before = 3;
        var steps = new byte[before + row.length];
        OneDnnProducts.round(row, factors, steps, before);
        int[] wanted = IntStream.range(0, row.length)
                .map(i -> Math.round(row[i] * factors[i]))
                .toArray();
        int[] found = IntStream.range(0, row.length).map(i -> steps[before + i]).toArray();
        assertArrayEquals(wanted, found);
    }
}
