package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PairedBootstrapTest {
    private static final PairedBootstrap BOOTSTRAP = new PairedBootstrap(10_000, 1);

    @Test
    void theIntervalOfAMeanIsThatOfTheNormalLaw() {
        var random = new Random(5);
        double[] each = random.doubles(400).toArray();
        double mean = Arrays.stream(each).average().orElseThrow();
        double variance =
                Arrays.stream(each).map(x -> (x - mean) * (x - mean)).average().orElseThrow();
        double error = Math.sqrt(variance / each.length);
        double[] drawn = BOOTSTRAP.means(each);
        PairedBootstrap.Interval interval = PairedBootstrap.interval(drawn);
        assertThat(PairedBootstrap.standardError(drawn)).isCloseTo(error, within(0.03 * error));
        assertThat(interval.low()).isCloseTo(mean - 1.96 * error, within(0.1 * error));
        assertThat(interval.high()).isCloseTo(mean + 1.96 * error, within(0.1 * error));
    }

    @Test
    void figuresOverAsManyQueriesShareTheirDraws() {
        var random = new Random(7);
        double[] a = random.doubles(50).toArray();
        double[] b = Arrays.stream(a).map(x -> x + 0.125).toArray();
        double[] drawnA = BOOTSTRAP.means(a);
        double[] drawnB = BOOTSTRAP.means(b);
        // Each varies by itself; what differs between them does not.
        assertThat(PairedBootstrap.standardError(drawnA)).isGreaterThan(0.03);
        assertThat(IntStream.range(0, drawnA.length).mapToDouble(i -> drawnB[i] - drawnA[i]))
                .allSatisfy(difference -> assertThat(difference).isCloseTo(0.125, within(1e-12)));
    }

    @Test
    void theSeedDecides() {
        double[] each = {0, 1, 2, 5};
        assertThat(BOOTSTRAP.means(each)).isEqualTo(new PairedBootstrap(10_000, 1).means(each));
        assertThat(BOOTSTRAP.means(each)).isNotEqualTo(new PairedBootstrap(10_000, 2).means(each));
    }

    @Test
    void theIntervalLeavesOutAFortiethAtEachEnd() {
        double[] figures =
                IntStream.rangeClosed(1, 1000).mapToDouble(i -> 1001 - i).toArray();
        assertThat(PairedBootstrap.interval(figures)).isEqualTo(new PairedBootstrap.Interval(25, 975));
    }
}
