package io.tokenwise.serving;

import java.util.Collection;

/**
 * How far budgets are turned down, in steps from 0, everything at its largest, to the last, everything at its least. For each batch it follows from what waits and what
 * that costs: the first step at which all of it is answered when it is due. Not thread-safe.
 */
final class Dial {
    /** A step is a sixteenth, so that results repeat. */
    static final int STEPS = 16;

    /** Of the time until an answer is due, which is kept for what nobody foresees. */
    private static final double SLACK = 0.8;

    /** What must be left when the dial is turned up again, so that it does not go to and fro. */
    private static final double SLACK_UP = 0.7;

    private static final double NANOS_PER_MICRO = 1000;

    private final QueueOptions options;
    private int step;

    Dial(QueueOptions options) {
        this.options = options;
    }

    /** Where it is. */
    int step() {
        return step;
    }

    /**
     * Where it is to be for the next batch.
     *
     * @param waiting requests that float, in their order
     * @param remainingMicros what running batches still take
     * @param pinnedMicros what pinned requests wait for
     */
    <E extends Entry> int step(Collection<E> waiting, long nowNanos, double remainingMicros, double pinnedMicros) {
        if (options.control().feedForward()) {
            var load = new Load<>(waiting, nowNanos, remainingMicros, pinnedMicros);
            int down = first(load, SLACK);
            step = down >= step ? down : Math.min(step, first(load, SLACK_UP));
        }
        return step;
    }

    /** A request that floats has its answer. */
    void answered(Entry entry, long nowNanos) {}

    private record Load<E extends Entry>(
            Collection<E> waiting, long nowNanos, double remainingMicros, double pinnedMicros) {}

    /** The first step at which all that waits is answered in time; the last if none is. */
    private int first(Load<?> load, double slack) {
        int low = 0;
        int high = STEPS;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (isInTime(load, middle, slack)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /** A request is answered with the last of its batch. */
    private boolean isInTime(Load<?> load, int step, double slack) {
        double ahead = 0;
        double batch = 0;
        double least = Double.MAX_VALUE;
        long tokens = 0;
        for (Entry entry : load.waiting) {
            if (tokens + entry.tokens > options.batchTokens() && tokens > 0) {
                if (endMicros(load, ahead, batch) > least) {
                    return false;
                }
                ahead += batch;
                batch = 0;
                tokens = 0;
                least = Double.MAX_VALUE;
            }
            tokens += entry.tokens;
            batch += entry.micros(step);
            double dueNanos = entry.arrivalNanos + slack * (entry.dueNanos - entry.arrivalNanos);
            least = Math.min(least, (dueNanos - load.nowNanos) / NANOS_PER_MICRO);
        }
        return endMicros(load, ahead, batch) <= least;
    }

    private double endMicros(Load<?> load, double ahead, double batch) {
        double before = Scheduler.shared(ahead, load.pinnedMicros, 1 - options.pinnedShare());
        return (load.remainingMicros + before) / options.workers() + batch;
    }
}
