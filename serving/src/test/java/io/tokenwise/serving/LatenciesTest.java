package io.tokenwise.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class LatenciesTest {
    private static final long QUARTER = 250_000_000;

    private final Latencies latencies = new Latencies(4);

    @Test
    void quantilesAreRightToFourPercent() {
        for (int micros = 1; micros <= 1000; micros++) {
            latencies.add(0, 100L * micros);
        }
        assertThat(latencies.quantile(0, 0.5)).isCloseTo(50_000, within(2000.0));
        assertThat(latencies.quantile(0, 0.99)).isCloseTo(99_000, within(4000.0));
        assertThat(latencies.quantile(0, 1)).isCloseTo(100_000, within(4000.0));
    }

    /** Times before zero are those of a clock that began there. */
    @Test
    void whatIsOldIsForgotten() {
        latencies.add(-QUARTER, 1000);
        latencies.add(0, 8000);
        assertThat(latencies.quantile(2 * QUARTER, 0.5)).isCloseTo(1000, within(40.0));
        assertThat(latencies.quantile(3 * QUARTER, 0.5)).isCloseTo(8000, within(320.0));
        assertThat(latencies.quantile(4 * QUARTER, 0.5)).isZero();
        assertThat(latencies.quantile(1000 * QUARTER, 0.5)).isZero();
    }

    @Test
    void anyNumberHasAPlace() {
        latencies.add(0, Long.MIN_VALUE);
        assertThat(latencies.quantile(0, 1)).isCloseTo(1, within(0.04));
        latencies.add(0, Long.MAX_VALUE);
        assertThat(latencies.quantile(0, 1)).isGreaterThan(1e10);
    }
}
