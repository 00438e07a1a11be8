package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class StaticEmbeddingsTest {
    private static final Offset<Float> EXACT = within(1e-9f);

    @Test
    void vectorsLoseTheirMeanAndAreWeightedByTheirPlace() {
        float[][] vectors = {{1, 0}, {9, 9}, {3, 2}, {5, 4}};
        boolean[] occurs = {true, false, true, true};
        float[][] table = StaticEmbeddings.weighted(vectors, occurs);
        // The mean of the three is (3, 2). By Zipf's law their shares are 1/2, 1/3, 1/4 of 13/12, thus 6/13, 4/13,
        // 3/13.
        float first = (float) (1e-4 / (1e-4 + 6 / 13.0));
        float third = (float) (1e-4 / (1e-4 + 3 / 13.0));
        assertThat(table[0][0]).isCloseTo(-2 * first, EXACT);
        assertThat(table[0][1]).isCloseTo(-2 * first, EXACT);
        assertThat(table[1]).containsExactly(0, 0);
        assertThat(table[2]).containsExactly(0, 0);
        assertThat(table[3][0]).isCloseTo(2 * third, EXACT);
    }

    @Test
    void aTextIsTheMeanOfItsTokensWithoutTheSpecialOnes() {
        float[][] table = {{100, 100}, {3, 0}, {0, 4}, {-3, 0}};
        assertThat(StaticEmbeddings.mean(table, new int[] {0, 1, 2, 0})).containsExactly(0.6f, 0.8f);
        assertThat(StaticEmbeddings.mean(table, new int[] {0, 1, 3, 2, 0})).containsExactly(0, 1);
    }

    @Test
    void aTextWithoutTokensIsZero() {
        assertThat(StaticEmbeddings.mean(new float[][] {{1, 1}}, new int[] {0, 0}))
                .containsExactly(0, 0);
    }
}
