package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BucketTest {
    @Test
    void holdsItsCountAndLessThanTwice() {
        for (int count = 1; count < 5_000; count++) {
            int bucket = Bucket.of(count);
            assertThat(bucket).isGreaterThanOrEqualTo(count).isLessThan(2 * count + 1 - count % 2);
            assertThat(Bucket.of(bucket)).as("%d again", bucket).isEqualTo(bucket);
            assertThat(bucket).isLessThanOrEqualTo(Bucket.of(count + 1));
            if (count >= 128) {
                assertThat(8 * bucket).isLessThan(9 * count + 8);
            }
        }
    }

    @Test
    void oneStaysOneAndNothingNothing() {
        assertThat(Bucket.of(0)).isZero();
        assertThat(Bucket.of(1)).isEqualTo(1);
        assertThat(Bucket.powerOfTwo(0)).isZero();
        assertThat(Bucket.powerOfTwo(1)).isEqualTo(1);
        assertThat(IntStream.of(2, 3, 4, 5, 8, 9).map(Bucket::powerOfTwo)).containsExactly(2, 4, 4, 8, 8, 16);
    }

    @Test
    void textsOfUpTo512TokensHave28() {
        assertThat(IntStream.rangeClosed(1, 512).map(Bucket::of).distinct().count())
                .isEqualTo(28);
        assertThat(IntStream.of(17, 33, 128, 129, 144, 257, 500, 513).map(Bucket::of))
                .containsExactly(32, 48, 128, 144, 144, 288, 512, 576);
    }

    /** What fits a grid's second and third side, of which a device has fewer, goes on to fit. */
    @Test
    void staysWithinAGrid() {
        assertThat(IntStream.of(57_344, 61_441, 65_535, 65_536, 65_537).map(Bucket::of))
                .containsExactly(57_344, 65_535, 65_535, 65_536, 73_728);
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MAX_VALUE, Integer.MAX_VALUE - 1, 1 << 30, (1 << 30) + 1})
    void doesNotOverflow(int count) {
        assertThat(Bucket.of(count)).isGreaterThanOrEqualTo(count);
        assertThat(Bucket.powerOfTwo(count)).isGreaterThanOrEqualTo(count);
        assertThat(Bucket.bytes(Long.MAX_VALUE - count)).isEqualTo(Long.MAX_VALUE);
    }
}
