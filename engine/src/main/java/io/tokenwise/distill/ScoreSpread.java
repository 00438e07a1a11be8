package io.tokenwise.distill;

import io.tokenwise.api.Budget;
import io.tokenwise.backend.Backend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.Objective;
import io.tokenwise.session.Sessions;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How widely a dense model's scores are spread over inputs: their variance, of several the sum. Squared errors of scores are measured by it, as scores of one model lie within 1, those of another
 * within 10, and those of a third near -11: an error of 1 is then as much as giving the mean of all.
 */
final class ScoreSpread {
    /** Of what does not score. */
    static final double NONE = 1;

    /** Enough for a variance to be right within a tenth. */
    private static final int MOST_INPUTS = 256;

    private static final int BATCH_TOKENS = 1_024;

    /** Of the scores' mean square: less is rounding. */
    private static final double LEAST_SHARE = 1e-8;

    private static final double LEAST = 1e-12;

    private ScoreSpread() {}

    /** Over inputs that lie evenly among all, so that it is the same whenever it is measured; {@link #NONE} if the model gives something else. */
    static double of(Encoder dense, Backend backend, List<int[]> inputs) {
        if (dense.description().objective() != Objective.SCORES) {
            return NONE;
        }
        int count = Math.min(MOST_INPUTS, inputs.size());
        List<int[]> some = IntStream.range(0, count)
                .mapToObj(i -> inputs.get((int) ((long) i * inputs.size() / count)))
                .toList();
        try (var sessions = new Sessions(dense, backend, BATCH_TOKENS, 1)) {
            float[][][] rows = sessions.rows(some, Budget.FULL, null);
            var scores = new float[count][];
            for (int i = 0; i < count; i++) {
                scores[i] = rows[i][0];
            }
            return of(scores);
        }
    }

    /** @param scores of each input one or several */
    static double of(float[][] scores) {
        double variance = 0;
        double square = 0;
        for (int column = 0; column < scores[0].length; column++) {
            double mean = 0;
            for (float[] ofInput : scores) {
                mean += (double) ofInput[column] / scores.length;
            }
            for (float[] ofInput : scores) {
                double difference = ofInput[column] - mean;
                variance += difference * difference / scores.length;
                square += (double) ofInput[column] * ofInput[column] / scores.length;
            }
        }
        return Math.max(LEAST, Math.max(variance, LEAST_SHARE * square));
    }
}
