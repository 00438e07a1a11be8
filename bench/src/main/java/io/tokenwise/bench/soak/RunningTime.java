package io.tokenwise.bench.soak;

import java.util.concurrent.TimeUnit;

/**
 * How long this process has really run. A gap between two ticks of more than some seconds, because the process was stopped or the machine slept, does not count: nobody computed anything, and what
 * had to come within a time may have come too late. Thread-safe.
 */
final class RunningTime implements AutoCloseable {
    static final long LONGEST_GAP_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long TICK_MILLIS = 100;

    /** A server closes connections that were idle for a minute when it goes on, and a client may just send by one. */
    static final long AFTERWARDS_NANOS = TimeUnit.SECONDS.toNanos(10);

    private long last;
    private long counted;
    private int stops;
    private long countedAtStop = Long.MIN_VALUE;
    private long stoppedNanos;
    private Thread ticking;

    RunningTime(long nanos) {
        last = nanos;
    }

    /** That of this process, from now on. */
    static RunningTime start() {
        var time = new RunningTime(System.nanoTime());
        time.ticking = Thread.ofPlatform().daemon().name("soak-clock").start(time::keepTicking);
        return time;
    }

    private void keepTicking() {
        try {
            while (true) {
                Thread.sleep(TICK_MILLIS);
                tick(System.nanoTime());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    synchronized void tick(long nanos) {
        long gap = nanos - last;
        last = nanos;
        if (gap > LONGEST_GAP_NANOS) {
            stops++;
            countedAtStop = counted;
            stoppedNanos += gap;
        } else {
            counted += gap;
        }
    }

    /** As far as it has ticked. */
    synchronized long nanos() {
        return counted;
    }

    synchronized double minutes() {
        return counted / 60e9;
    }

    /** How often the process stood still. */
    synchronized int stops() {
        return stops;
    }

    synchronized double stoppedSeconds() {
        return stoppedNanos / 1e9;
    }

    /**
     * Whether what began then may have been too late, or found a connection that was: it stood still since, or shortly before. Waits until that is known.
     *
     * @param begin as {@link #nanos} had it
     */
    boolean hasStoppedAbout(long begin) throws InterruptedException {
        Thread.sleep(3 * TICK_MILLIS);
        return stoppedAbout(begin);
    }

    synchronized boolean stoppedAbout(long begin) {
        return stops > 0 && countedAtStop >= begin - AFTERWARDS_NANOS;
    }

    @Override
    public void close() {
        ticking.interrupt();
    }
}
