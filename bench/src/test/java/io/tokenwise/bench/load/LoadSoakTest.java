package io.tokenwise.bench.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class LoadSoakTest {
    @Test
    void growthCountsFromATenthOfTheTimeToTheHighestFigure() {
        List<Long> resident = LongStream.of(
                        0, 0, 100, 130, 90, 80, 150, 90, 90, 90, 90, 90, 90, 90, 90, 90, 90, 90, 90, 90, 95)
                .boxed()
                .toList();
        assertThat(LoadSoak.growthAfterATenth(resident)).isEqualTo(50);
        assertThat(LoadSoak.growthAfterATenth(List.of(100L, 90L, 80L))).isZero();
    }
}
