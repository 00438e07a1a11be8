package io.tokenwise.serving;

import java.util.List;

/**
 * What batches of a model take on one thread, in microseconds: a share for the batch itself, and for each input what the dense model takes for its length, times the
 * share that its budget leaves. Measured beforehand, and corrected as a whole by what batches then take. Not thread-safe.
 */
final class CostCurve {
    /** An input of so many tokens takes the dense model so long, beside what its batch takes. */
    record Point(int tokens, double micros) {
        double ofToken() {
            return micros / tokens;
        }
    }

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

    /** Tokens of inputs from which is seen how time grows with the length: of shorter ones a call itself takes its part. */
    static final int LONG = 128;

    /** Up to so many tokens no more than half of a token's time is what grows with the length, whatever three points say, one of which may have been disturbed. */
    private static final int FEW_OTHERS = 512;

    private final double batchMicros;
    private final double batchMicrosPerToken;
    private final List<Point> points;

    /** By how much a token takes longer for each token that an input has more, in microseconds; beyond what was measured. */
    private final double microsPerSquare;

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
        double seen = microsPerSquare(
                points.stream().filter(point -> point.tokens() >= LONG).toList());
        Point longest = points.getLast();
        microsPerSquare =
                longest.tokens() > FEW_OTHERS ? seen : Math.min(seen, longest.ofToken() / 2 / longest.tokens());
    }

    /**
     * The slope of a token's time over the length, by least squares in which a point counts by the square of its tokens: products of weights take the same for each token, attention as much more as there
     * are others, and caches hold less of what is longer. 0 if too little is known.
     */
    private static double microsPerSquare(List<Point> some) {
        double weights = some.stream().mapToDouble(CostCurve::weight).sum();
        double meanTokens = some.stream()
                        .mapToDouble(point -> weight(point) * point.tokens())
                        .sum()
                / weights;
        double above = 0;
        double below = 0;
        for (Point point : some) {
            double more = weight(point) * (point.tokens() - meanTokens);
            above += more * point.ofToken();
            below += more * (point.tokens() - meanTokens);
        }
        return below > 0 ? Math.max(0, above / below) : 0;
    }

    private static double weight(Point point) {
        return (double) point.tokens() * point.tokens();
    }

    /**
     * What the dense model takes for an input of so many tokens, uncorrected. Between short inputs that were measured it is straight, between long ones a token's time is; beyond them a token takes what
     * it does in the longest, and more with the length as far as that was seen.
     */
    double denseMicros(int tokens) {
        Point below = new Point(0, 0);
        for (Point point : points) {
            if (tokens <= point.tokens()) {
                double place = (double) (tokens - below.tokens()) / (point.tokens() - below.tokens());
                if (below.tokens() < LONG) {
                    return below.micros() + place * (point.micros() - below.micros());
                }
                return tokens * (below.ofToken() + place * (point.ofToken() - below.ofToken()));
            }
            below = point;
        }
        double more = (double) tokens - below.tokens();
        return tokens * (below.ofToken() + microsPerSquare * more);
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
