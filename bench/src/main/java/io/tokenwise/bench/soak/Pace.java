package io.tokenwise.bench.soak;

import java.lang.management.ManagementFactory;
import java.util.Random;

/** Holds everybody to a share of one core, once it has begun. Thread-safe. */
final class Pace {
    private static final int LONGEST_REST_MILLIS = 20;
    private static final int LONGEST_WAIT_MILLIS = 400;

    private final RunningTime time;
    private final double share;
    private volatile boolean over;
    private volatile Since since;

    private record Since(long nanos, long cpuNanos) {}

    Pace(RunningTime time, double share) {
        this.time = time;
        this.share = share;
    }

    /** From now on, whatever was before. */
    void begin() {
        since = new Since(time.nanos(), cpuNanos());
    }

    /** Nobody is to wait any more, nor to call. */
    void end() {
        over = true;
    }

    boolean isOver() {
        return over;
    }

    /** A rest of some milliseconds, and longer if others have used up what there is. */
    void rest(Random random) throws InterruptedException {
        Thread.sleep(1 + random.nextInt(LONGEST_REST_MILLIS));
        while (!over && isAhead()) {
            Thread.sleep(1 + random.nextInt(LONGEST_WAIT_MILLIS));
        }
    }

    private boolean isAhead() {
        Since from = since;
        return from != null && cpuNanos() - from.cpuNanos > share * (time.nanos() - from.nanos);
    }

    static long cpuNanos() {
        return ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class)
                .getProcessCpuTime();
    }
}
