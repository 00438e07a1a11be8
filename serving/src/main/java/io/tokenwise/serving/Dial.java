package io.tokenwise.serving;

import java.util.Collection;

/**
 * How far budgets are turned down, in steps from 0, everything at its largest, to the last, everything at its least. Feed-forward: for each batch it follows from what waits
 * and what that costs; the first step at which all of it is answered when it is due. {@link Trim} corrects how much of the time until then may be used, or without
 * feed-forward the step itself. Not thread-safe.
 */
final class Dial {
    /** Budgets change by sixteenths, so that results repeat; a step may be one of them for some requests and none for others. */
    static final int STEPS = 32;

    /** Of the time until an answer is due: the rest is kept for what nobody foresees. */
    private static final double SLACK = 0.8;

    /** Of the slack, what all that waits must keep when the dial is turned up again, so that it does not go to and fro. */
    private static final double UP = 0.85;

    private static final double NANOS_PER_MICRO = 1000;

    private final QueueOptions options;
    private final Trim trim = new Trim();
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
     * @param workers when they are free
     * @param pinnedMicros what pinned requests wait for
     */
    int step(Collection<? extends Entry> waiting, long nowNanos, Workers workers, double pinnedMicros) {
        Control control = options.control();
        if (control.feedForward()) {
            double slack = SLACK * (control.feedback() ? trim.slack() : 1);
            var load = new Load(waiting, nowNanos, workers, pinnedMicros);
            step = isInTime(load, step, slack)
                    ? first(load, UP * slack, 0, step)
                    : first(load, slack, Math.min(step + 1, STEPS), STEPS);
        } else if (control.feedback()) {
            step = trim.step();
        }
        return step;
    }

    /** The part of the time until a request that floats is due that it may take, as predicted, to be accepted. */
    double accepted() {
        return options.control().feedback() ? trim.accepted() : 1;
    }

    /** A request that floats has its answer, which had a time to be due, or has expired. */
    void answered(Entry entry, long nowNanos) {
        trim.answered((double) (nowNanos - entry.arrivalNanos) / (entry.dueNanos - entry.arrivalNanos), nowNanos, step);
    }

    private record Load(Collection<? extends Entry> waiting, long nowNanos, Workers workers, double pinnedMicros) {}

    /** From one step to another the first at which all that waits is answered in time; the last of them if none is. */
    private int first(Load load, double slack, int from, int to) {
        int low = from;
        int high = to;
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
    private boolean isInTime(Load load, int step, double slack) {
        var batch = new BatchSize(options);
        double ahead = 0;
        double least = Double.MAX_VALUE;
        for (Entry entry : load.waiting) {
            if (!batch.add(entry, step)) {
                if (endMicros(load, ahead, batch.micros()) > least) {
                    return false;
                }
                ahead += batch.micros();
                batch.clear();
                batch.add(entry, step);
                least = Double.MAX_VALUE;
            }
            double dueNanos = entry.arrivalNanos + slack * (entry.dueNanos - entry.arrivalNanos);
            least = Math.min(least, (dueNanos - load.nowNanos) / NANOS_PER_MICRO);
        }
        return endMicros(load, ahead, batch.micros()) <= least;
    }

    private double endMicros(Load load, double ahead, double batch) {
        double before = WaitingLine.shared(ahead, load.pinnedMicros, 1 - options.pinnedShare());
        return load.workers.doneMicros(before) + batch;
    }
}
