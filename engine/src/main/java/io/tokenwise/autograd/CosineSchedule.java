package io.tokenwise.autograd;

/**
 * Learning rate that rises linearly over {@code warmupSteps} and then falls along half a cosine from {@code peak} to {@code floor} at
 * {@code steps} (Loshchilov and Hutter 2017, equation 5, without restarts).
 */
public record CosineSchedule(double peak, double floor, int warmupSteps, int steps) {
    public CosineSchedule {
        if (steps < 1 || warmupSteps < 0 || warmupSteps > steps) {
            throw new IllegalArgumentException("schedule: " + warmupSteps + " of " + steps + " steps of warm-up");
        }
    }

    /** The rate of step {@code step}, counted from 0. */
    public double rate(int step) {
        if (step < warmupSteps) {
            return peak * (step + 1) / warmupSteps;
        }
        double progress = Math.min(1, (double) (step - warmupSteps) / Math.max(1, steps - warmupSteps));
        return floor + (peak - floor) * (1 + Math.cos(Math.PI * progress)) / 2;
    }
}
