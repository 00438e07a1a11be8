package io.tokenwise.serving;

import java.util.List;

/**
 * What batches of a model take on one thread, in microseconds: a share for the batch itself, and for each input what the dense model takes for its length, times the
 * share that its budget leaves. Measured beforehand, and corrected as a whole by what batches then take. Not thread-safe.
 */
final class CostCurve {
    /** An input of so many tokens takes the dense model so long, beside what its batch takes. */
    record Point(int tokens, double micros) {}

    /** Of the weight of what was learned before, for each batch: some fifty batches count. */
    private static final double FORGETTING = 0.98;

    /** A first batch must not say too much: as if so many like it had been as predicted. */
    private static final double FIRST_BATCHES = 5;

    /** Nor a batch that something else stopped: no batch takes more than so many times what is predicted. */
    private static final double MOST = 4;

    /** A batch that takes less than this share of what is predicted shows that what is known is wrong: other work on the machine makes none faster. */
    private static final double TOO_FAST = 0.5;

    /** For such a batch, so that some ten of them correct costs that were measured twenty times too high. */
    private static final double FORGETTING_WRONG = 0.7;

    private final double batchMicros;
    private final double batchMicrosPerToken;
    private final List<Point> points;
    private double taken;
    private double predicted;

    /**
     * @param batchMicros what a batch takes beside its inputs
     * @param batchTokens of a full batch
     * @param points ascending in tokens, at least one
     */
    CostCurve(double batchMicros, int batchTokens, List<Point> points) {
        this.batchMicros = batchMicros;
        batchMicrosPerToken = batchMicros / batchTokens;
        this.points = List.copyOf(points);
    }

    /** What the dense model takes for an input of so many tokens, uncorrected; beyond what was measured in proportion. */
    double denseMicros(int tokens) {
        Point below = new Point(0, 0);
        for (Point point : points) {
            if (tokens <= point.tokens()) {
                double place = (double) (tokens - below.tokens()) / (point.tokens() - below.tokens());
                return below.micros() + place * (point.micros() - below.micros());
            }
            below = point;
        }
        return below.micros() * tokens / below.tokens();
    }

    /** What a batch takes beside its inputs, uncorrected. */
    double batchMicros() {
        return batchMicros;
    }

    /** The same for each token of a full batch: where much waits, batches are full. */
    double batchMicrosPerToken() {
        return batchMicrosPerToken;
    }

    /** By what predictions are to be multiplied, as the last batches say. */
    double scale() {
        return predicted == 0 ? 1 : taken / predicted;
    }

    /** Learns from a batch: least squares of the scale, the older the less. */
    void learn(double predictedMicros, double takenMicros) {
        double square = predictedMicros * predictedMicros;
        if (predicted == 0) {
            predicted = FIRST_BATCHES * square;
            taken = predicted;
        }
        double bounded = Math.min(takenMicros, MOST * scale() * predictedMicros);
        double kept = takenMicros < TOO_FAST * scale() * predictedMicros ? FORGETTING_WRONG : FORGETTING;
        predicted = kept * predicted + square;
        taken = kept * taken + predictedMicros * bounded;
    }
}
