package io.tokenwise.acm.leave;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Comparator;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EvenSpreadTest {
    @Test
    void halfOfASquareIsACheckerboard() {
        assertThat(first(8, 32))
                .allSatisfy(patch -> assertThat((patch % 8 + patch / 8) % 2).isZero());
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 7, 8, 14, 16})
    void aQuarterHasNoTwoNeighbours(int side) {
        int quarter = (side / 2) * (side / 2);
        Set<Integer> stay = first(side, quarter);
        for (int patch : stay) {
            if (patch % side < side - 1) {
                assertThat(stay).doesNotContain(patch + 1);
            }
            assertThat(stay).doesNotContain(patch + side);
        }
    }

    @Test
    void placesDifferAndAreBelowTheWeight() {
        assertThat(EvenSpread.of(14).less()).doesNotHaveDuplicates();
        for (float less : EvenSpread.of(14).less()) {
            assertThat(less).isBetween(0f, 2.999f);
        }
        assertThat(EvenSpread.of(1).less()).containsExactly(0f);
    }

    /** The first so many in its order. */
    private static Set<Integer> first(int side, int count) {
        float[] less = EvenSpread.of(side).less();
        return IntStream.range(0, less.length)
                .boxed()
                .sorted(Comparator.comparingDouble(patch -> less[patch]))
                .limit(count)
                .collect(Collectors.toSet());
    }
}
