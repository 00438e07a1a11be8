package io.tokenwise.serving;

/**
 * A slow integrator on what 99 of 100 requests took of the time until they were due: it corrects what the cost curve does not know, such as a noisy neighbour. It gives way four
 * times as fast as it takes back. Where the dial has come to its end, fewer requests are accepted instead. Not thread-safe.
 */
final class Trim {
    private static final long TICK_NANOS = 200_000_000;

    /** What 99 of 100 shall take of the time until they are due: a little less than all of it. */
    private static final double WANTED = 0.9;

    /** Fewer answers say nothing about the hundredth. */
    private static final int LEAST_ANSWERS = 20;

    /** For each tick, of the logarithm of what is wanted over what is. */
    private static final double UP = 0.05;

    private static final double DOWN = 4 * UP;

    /** Steps of the dial, where there is no feed-forward, for each of that. */
    private static final double STEPS = 20;

    private static final double LEAST_SLACK = 0.5;
    private static final double MOST_SLACK = 1.2;
    private static final double MICROS = 1e6;

    /** Of times over those until requests were due, in millionths, of a second or a little more. */
    private final Latencies ratios = new Latencies(5);

    private double slackLog;
    private double acceptedLog;
    private double step;
    private long lastTick = Long.MIN_VALUE;
    private int answers;

    /** The smallest and the largest step that was used since the last tick. */
    private int leastStep = Dial.STEPS;

    private int mostStep;

    /** By what the slack of feed-forward is multiplied. */
    double slack() {
        return Math.exp(slackLog);
    }

    /**
     * The part of the time until a request is due that it may take, as predicted, to be accepted: less than all where even the least budgets did not hold what is wanted, since of what comes
     * later some overtakes, and that is not predicted.
     */
    double accepted() {
        return Math.exp(acceptedLog);
    }

    /** Where the dial is to be if nothing else says it. */
    int step() {
        return (int) Math.round(step);
    }

    /**
     * An answer, or that there will be none in time.
     *
     * @param ratio of the time from its request's arrival over that until it was due
     * @param used where the dial is
     */
    void answered(double ratio, long nowNanos, int used) {
        ratios.add(nowNanos, Math.round(MICROS * ratio));
        answers++;
        leastStep = Math.min(leastStep, used);
        mostStep = Math.max(mostStep, used);
        if (lastTick == Long.MIN_VALUE) {
            lastTick = nowNanos;
        }
        if (nowNanos - lastTick >= TICK_NANOS && answers >= LEAST_ANSWERS) {
            tick(nowNanos);
        }
    }

    private void tick(long nowNanos) {
        double error = Math.log(WANTED * MICROS / Math.max(1, ratios.quantile(nowNanos, 0.99)));
        error = Math.clamp(error, -1, 1);
        double change = (error < 0 ? DOWN : UP) * error;
        step = Math.clamp(step - STEPS * change, 0, Dial.STEPS);
        if (error > 0 || leastStep == Dial.STEPS) {
            acceptedLog = Math.clamp(acceptedLog + change, Math.log(LEAST_SLACK), 0);
        }
        // Where the dial is at an end, more slack or less changes nothing: then it goes back, so that it is there when
        // the dial moves again.
        boolean isAtEnd = error < 0 ? leastStep == Dial.STEPS : mostStep == 0;
        slackLog = isAtEnd
                ? (1 - DOWN) * slackLog
                : Math.clamp(slackLog + change, Math.log(LEAST_SLACK), Math.log(MOST_SLACK));
        lastTick = nowNanos;
        answers = 0;
        leastStep = Dial.STEPS;
        mostStep = 0;
    }
}
