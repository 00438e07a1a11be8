package io.tokenwise.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is cut into blocks of values: each value is taken once, whatever the number of threads. */
class WholeTensorsTest {
    /** Around one and several blocks of {@link RangeJob#GRAIN_VALUES}. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 17, 16_383, 16_384, 16_385, 100_003})
    void sumsAndFillsEachValueOnce(int size) {
        double expected = 0;
        double[] sums = new double[2];
        for (int i = 0; i < sums.length; i++) {
            try (Arena arena = Arena.ofShared();
                    Backend backend = VectorBackend.open(1 + 2 * i)) {
                Stream stream = backend.stream();
                Tensor x = backend.allocate(arena, 1, size);
                Tensor wider = backend.allocate(arena, 1, size + 1);
                expected = 0;
                for (int j = 0; j < size; j++) {
                    x.host().set(0, j, j % 101 - 50);
                    expected += (double) x.host().get(0, j) * x.host().get(0, j);
                }
                sums[i] = stream.sumsOfSquares(List.of(x))[0];
                wider.host().set(0, size, 7);
                var inside = wider.part(0, size);
                for (float value : new float[] {3, 0}) {
                    stream.fill(inside, value);
                    int wrong = 0;
                    for (int j = 0; j < size; j++) {
                        wrong += inside.host().get(0, j) == value ? 0 : 1;
                    }
                    assertThat(wrong).as("values that are not %s", value).isZero();
                    assertThat(wider.host().get(0, size)).as("what lies behind").isEqualTo(7);
                }
            }
        }
        assertThat(sums[0]).isCloseTo(expected, within(1e-12 * expected));
        assertThat(sums[1]).isEqualTo(sums[0]);
    }
}
