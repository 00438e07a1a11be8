package io.tokenwise.fuzz;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.function.Consumer;

/**
 * Sees that the thread which reads goes on: what does not end is ended here, with its JVM. What only takes long comes to its end, and
 * {@link Trial} judges it.
 */
final class Watch extends Thread {
    private static final int STEP_MILLIS = 100;

    /** Two minutes, counted by our own steps: where a machine stands still, or has much else to do, we come on no more than the reader. */
    private static final int MOST_STEPS = 120_000 / STEP_MILLIS;

    private final Thread reader;
    private final long mostNanos;
    private final Consumer<Finding> found;
    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();

    /** Odd while an input is read. */
    private volatile long turn;

    /** @param mostNanos of the reader's processor time, for one input */
    Watch(Thread reader, long mostNanos, Consumer<Finding> found) {
        super("watch");
        this.reader = reader;
        this.mostNanos = mostNanos;
        this.found = found;
        setDaemon(true);
    }

    /** An input comes. */
    void begin() {
        turn++;
    }

    /** It has been read; what comes now may take as long as it wants. */
    void end() {
        turn++;
    }

    @Override
    public void run() {
        long seen = 0;
        long cpu = 0;
        int steps = 0;
        while (true) {
            long now = turn;
            if (now != seen) {
                seen = now;
                cpu = threads.getThreadCpuTime(reader.threadId());
                steps = 0;
            } else if (now % 2 != 0) {
                steps++;
                if (threads.getThreadCpuTime(reader.threadId()) - cpu > mostNanos) {
                    stuck(now, "reads for more than " + mostNanos / 1_000_000_000 + " s of processor time");
                } else if (steps > MOST_STEPS) {
                    stuck(now, "waits for two minutes");
                }
            }
            try {
                Thread.sleep(STEP_MILLIS);
            } catch (InterruptedException _) {
                return;
            }
        }
    }

    private void stuck(long input, String what) {
        StackTraceElement[] stack = reader.getStackTrace();
        if (turn == input) {
            found.accept(Finding.hang(stack, what));
        }
    }
}
