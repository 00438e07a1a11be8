package io.tokenwise.serving;

import java.time.Duration;

/**
 * Who chooses budgets of requests that may float, and whether requests are refused that could not be answered in time.
 *
 * @param mode who chooses
 * @param share of {@link Mode#FIXED} the budget, of {@link Mode#AUTO} the least that it chooses, 0 to 1; a request's own range counts more
 * @param target of {@link Mode#AUTO} the time from arrival to answer that 99 of 100 requests shall meet; otherwise zero
 * @param feedForward whether each batch's budgets follow from what waits and what it costs
 * @param feedback whether measured latencies correct that
 * @param shedding whether a request is refused that would not meet the target, or its own deadline, even at the least budget
 */
public record Control(
        Mode mode, double share, Duration target, boolean feedForward, boolean feedback, boolean shedding) {
    private static final Duration MOST_TARGET = Duration.ofHours(1);

    /** Who chooses. */
    public enum Mode {
        /** Nobody: each request has its largest budget. */
        OFF,
        /** The operator. */
        FIXED,
        /** The controller, which holds a latency target. */
        AUTO
    }

    /**
     * Checks share and target.
     *
     * @throws IllegalArgumentException if the share is outside 0..1, or {@link Mode#AUTO} has a target that is not above 0 and at most an hour
     */
    public Control {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("control: budget " + share + " is outside 0..1");
        }
        if (mode == Mode.AUTO && (!target.isPositive() || target.compareTo(MOST_TARGET) > 0)) {
            throw new IllegalArgumentException(
                    "control: target is " + target + ", must be above 0 and at most " + MOST_TARGET);
        }
    }

    /** {@return a control by which each request has its largest budget, and none is refused while there is room} */
    public static Control off() {
        return new Control(Mode.OFF, 1, Duration.ZERO, false, false, false);
    }

    /**
     * {@return a control by which each request has one share, or what its range has nearest}
     * Those are refused that could not meet their own deadline.
     *
     * @param share 0 to 1
     */
    public static Control fixed(double share) {
        return new Control(Mode.FIXED, share, Duration.ZERO, false, false, true);
    }

    /**
     * {@return a control by which budgets hold a target}
     * Where even the least budget does not, requests are refused.
     *
     * @param target for the time from arrival to answer of 99 of 100 requests; above 0, at most an hour
     * @param leastShare the controller does not go below it; 0 to 1
     * @throws IllegalArgumentException if either is outside
     */
    public static Control auto(Duration target, double leastShare) {
        return new Control(Mode.AUTO, leastShare, target, true, true, true);
    }

    /**
     * {@return the same with parts of it left out, to compare}
     *
     * @param newFeedForward whether each batch's budgets follow from what waits
     * @param newFeedback whether measured latencies correct that
     * @param newShedding whether requests are refused that would be late
     */
    public Control with(boolean newFeedForward, boolean newFeedback, boolean newShedding) {
        return new Control(mode, share, target, newFeedForward, newFeedback, newShedding);
    }
}
