package io.tokenwise.server.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertSame;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.api.Test;

class MetricsTest {
    private final Metrics metrics = new Metrics();

    @Test
    void writesWhatPrometheusReads() {
        metrics.counter("requests", "How many", "method", "batch").add(2);
        metrics.counter("requests", "How many", "method", "batch").increment();
        metrics.counter("requests", "How many", "method", "single");
        metrics.gauge("wait", "Seconds", () -> 0.25, "model", "a\"b\\c\nd");
        metrics.counter("shed", "Counted elsewhere", () -> 7);

        assertThat(metrics.text()).isEqualTo("""
                # HELP requests How many
                # TYPE requests counter
                requests{method="batch"} 3
                requests{method="single"} 0
                # HELP shed Counted elsewhere
                # TYPE shed counter
                shed 7
                # HELP wait Seconds
                # TYPE wait gauge
                wait{model="a\\"b\\\\c\\nd"} 0.25
                """);
    }

    @Test
    void bucketsCountAllThatIsNotLarger() {
        Histogram sizes = metrics.histogram("size", "Tokens", new double[] {1, 2, 4}, "model", "m");
        for (double value : new double[] {1, 1.5, 4, 5, Double.NaN}) {
            sizes.add(value);
        }

        assertThat(metrics.text()).isEqualTo("""
                # HELP size Tokens
                # TYPE size histogram
                size_bucket{model="m",le="1"} 1
                size_bucket{model="m",le="2"} 2
                size_bucket{model="m",le="4"} 3
                size_bucket{model="m",le="+Inf"} 4
                size_sum{model="m"} 11.5
                size_count{model="m"} 4
                """);
    }

    @Test
    void doublingsAreCountedElsewhere() {
        metrics.doublings("size", "Inputs", () -> List.of(2L, 0L, 3L, 1L), () -> 21);

        assertThat(metrics.text()).isEqualTo("""
                # HELP size Inputs
                # TYPE size histogram
                size_bucket{le="1"} 2
                size_bucket{le="2"} 2
                size_bucket{le="4"} 5
                size_bucket{le="+Inf"} 6
                size_sum 21
                size_count 6
                """);
    }

    /** For each input of each request. */
    @Test
    void whatIsThereIsNotMadeAgain() {
        double[] bounds = Histogram.geometric(1, 2, 35);
        Histogram first = metrics.histogram("size", "Tokens", bounds);
        var thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        int times = 1_000;
        long before = thread.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < times; i++) {
            assertSame(first, metrics.histogram("size", "Tokens", bounds));
        }
        long each = (thread.getCurrentThreadAllocatedBytes() - before) / times;

        assertThat(each).as("bytes, of which 36 counters take over 1,000").isLessThan(600);
    }

    @Test
    void oneNameIsOfOneType() {
        metrics.counter("a", "Counts");

        assertThatThrownBy(() -> metrics.gauge("a", "Goes up and down", () -> 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("metric a is a counter, not a gauge");
    }
}
