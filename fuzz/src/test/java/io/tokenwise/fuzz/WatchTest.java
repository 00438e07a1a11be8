package io.tokenwise.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.junit.jupiter.api.Test;

class WatchTest {
    private static final long MOST_NANOS = 200_000_000;

    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private final BlockingQueue<Finding> found = new ArrayBlockingQueue<>(100);

    private void work(long nanos) {
        long end = threads.getCurrentThreadCpuTime() + nanos;
        while (found.isEmpty() && threads.getCurrentThreadCpuTime() < end) {
            Thread.onSpinWait();
        }
    }

    @Test
    void whatHasNoEndIsFoundWhileAnInputIsReadAndOnlyThen() {
        var watch = new Watch(Thread.currentThread(), MOST_NANOS, found::offer);
        watch.start();
        try {
            work(4 * MOST_NANOS);
            watch.begin();
            watch.end();
            work(4 * MOST_NANOS);
            assertThat(found).isEmpty();
            watch.begin();
            // Up to a minute: on a full machine the watch itself comes on late.
            work(300 * MOST_NANOS);
            assertThat(found.element().kind()).isEqualTo("hang");
        } finally {
            watch.interrupt();
        }
    }
}
