package io.tokenwise.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class MeasuredModelTest {
    private static final int DISTURBED_MILLIS = 30;

    private int runs;

    /** Two of three runs of 8 tokens, and all of 16. */
    private void disturb(List<int[]> inputs) {
        int tokens = inputs.getFirst().length;
        if (tokens == 16 || tokens == 8 && runs++ % 3 < 2) {
            try {
                Thread.sleep(DISTURBED_MILLIS);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Test
    void costsAreTheLeastThatRunsTookAndNoMoreThanThoseOfLongerInputs() {
        var measured = MeasuredModel.of(PretendedModel.doing(this::disturb), QueueOptions.defaults());

        assertThat(measured.costs().denseMicros(8)).isPositive().isLessThan(1000.0 * DISTURBED_MILLIS / 2);
        assertThat(measured.costs().denseMicros(16))
                .isGreaterThanOrEqualTo(measured.costs().denseMicros(8))
                .isLessThan(1000.0 * DISTURBED_MILLIS / 2);
    }
}
