package io.tokenwise.fuzz;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.function.Consumer;

/** Sees that the thread which reads goes on: one input may not take it more than two seconds of processor time, nor wait without end. */
final class Watch extends Thread {
    private static final int STEP_MILLIS = 100;

    /** On a machine with much else to do a thread may not come on for long. */
    private static final long MOST_WAITING_NANOS = 120_000_000_000L;

    private final Thread reader;
    private final Consumer<Finding> found;
    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private volatile long number;

    Watch(Thread reader, Consumer<Finding> found) {
        super("watch");
        this.reader = reader;
        this.found = found;
        setDaemon(true);
    }

    /** Another input comes. */
    void next() {
        number++;
    }

    @Override
    public void run() {
        long seen = -1;
        long cpu = 0;
        long wall = 0;
        while (true) {
            long now = number;
            if (now != seen) {
                seen = now;
                cpu = threads.getThreadCpuTime(reader.threadId());
                wall = System.nanoTime();
            } else if (threads.getThreadCpuTime(reader.threadId()) - cpu > Trial.MOST_NANOS) {
                stuck(now, "reads for more than 2 s of processor time");
            } else if (System.nanoTime() - wall > MOST_WAITING_NANOS) {
                stuck(now, "waits for two minutes");
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
        if (number == input) {
            found.accept(Finding.hang(stack, what));
        }
    }
}
