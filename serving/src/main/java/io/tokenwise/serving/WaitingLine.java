package io.tokenwise.serving;

import java.util.LinkedHashSet;
import java.util.Map;

/**
 * Requests that wait, first come first served; or two lines that share the time of all that wait in them. Of the two each has its share of the time if it needs it: the one that had less is next,
 * and one that had nothing to do does not get that time later (start-time fair queueing). Guarded by the scheduler.
 */
final class WaitingLine<E extends Entry> {
    /** In the order in which they came; whoever takes one back need not look for it. None where two lines are shared. */
    final LinkedHashSet<E> entries = new LinkedHashSet<>();

    private final WaitingLine<E> first;
    private final WaitingLine<E> second;

    /** The line that it has its time of, with the other one; null of the line of all. */
    private WaitingLine<E> whole;

    private WaitingLine<E> other;
    private double share;

    /** Predicted time that it had, over its share. */
    private double turn;

    WaitingLine() {
        first = null;
        second = null;
    }

    /** @param firstShare of the time, if the first needs it; above 0 and below 1 */
    WaitingLine(WaitingLine<E> first, double firstShare, WaitingLine<E> second) {
        this.first = first;
        this.second = second;
        first.join(this, second, firstShare);
        second.join(this, first, 1 - firstShare);
    }

    private void join(WaitingLine<E> newWhole, WaitingLine<E> newOther, double newShare) {
        whole = newWhole;
        other = newOther;
        share = newShare;
    }

    private boolean isShared() {
        return first != null;
    }

    boolean isEmpty() {
        return isShared() ? first.isEmpty() && second.isEmpty() : entries.isEmpty();
    }

    void add(E entry) {
        begin();
        entries.add(entry);
    }

    /** Of the time that the other had while this had nothing to do it gets none. */
    private void begin() {
        if (whole != null && isEmpty()) {
            turn = Math.max(turn, other.turn);
            whole.begin();
        }
    }

    /** The line whose first runs next; one that has entries, if any has. */
    WaitingLine<E> next() {
        if (!isShared()) {
            return this;
        }
        boolean firstNext = second.isEmpty() || !first.isEmpty() && first.turn <= second.turn;
        return (firstNext ? first : second).next();
    }

    /** Entries of it begin to run, which take so long as predicted. */
    void had(double micros) {
        if (whole != null) {
            turn += micros / share;
            whole.had(micros);
        }
    }

    /** @param waiting what each line takes that is not shared */
    double micros(Map<WaitingLine<E>, Double> waiting) {
        return isShared() ? first.micros(waiting) + second.micros(waiting) : waiting.get(this);
    }

    /**
     * What runs until all has that waits in it, while others have their shares.
     *
     * @param waiting what each line takes that is not shared
     */
    double aheadMicros(Map<WaitingLine<E>, Double> waiting) {
        double ahead = micros(waiting);
        for (WaitingLine<E> line = this; line.whole != null; line = line.whole) {
            ahead = shared(ahead, line.other.micros(waiting), line.share);
        }
        return ahead;
    }

    /** What all workers need for own work of a line while the other has its share. */
    static double shared(double own, double other, double ownShare) {
        return own + Math.min(other, own * (1 - ownShare) / ownShare);
    }
}
