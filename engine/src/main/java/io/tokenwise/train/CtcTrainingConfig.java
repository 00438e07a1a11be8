package io.tokenwise.train;

import io.tokenwise.kernels.SequenceOps.AttentionCall;

/**
 * What speech model is trained from random weights, and how. The defaults suit an hour of short recordings.
 *
 * @param hidden width of a frame in the layers
 * @param layers transformer layers
 * @param heads of attention; divides {@code hidden}
 * @param epochs how often each recording is heard, varied each time
 * @param recordingsPerStep of a batch
 * @param rate peak learning rate; it rises over a twentieth of the steps and then falls to nothing along a cosine
 * @param decay AdamW's, of matrices
 * @param masked the longest part of a recording that is silenced, at a random place each time, as a share of it
 * @param seed of everything random: same seed, same recordings, same weights
 */
public record CtcTrainingConfig(
        int hidden,
        int layers,
        int heads,
        int epochs,
        int recordingsPerStep,
        double rate,
        double decay,
        double masked,
        long seed) {
    public static final int USUAL_EPOCHS = 30;

    public CtcTrainingConfig {
        if (hidden < 1 || layers < 1 || heads < 1 || hidden % heads != 0) {
            throw new IllegalArgumentException("hidden, layers and heads must be at least 1, and heads divide hidden;"
                    + " they are " + hidden + ", " + layers + " and " + heads);
        }
        if (hidden / heads > AttentionCall.MOST_HEAD_SIZE) {
            throw new IllegalArgumentException(heads + " heads of " + hidden + " hidden values have " + hidden / heads
                    + " columns, must be at most " + AttentionCall.MOST_HEAD_SIZE);
        }
        if (epochs < 1 || recordingsPerStep < 1) {
            throw new IllegalArgumentException(
                    "epochs and recordings per step must be at least 1, are " + epochs + " and " + recordingsPerStep);
        }
        if (!(rate > 0 && rate < 1) || !(decay >= 0 && decay < 1) || !(masked >= 0 && masked < 1)) {
            throw new IllegalArgumentException(
                    "rate, decay and masked must be from 0 to 1, are " + rate + ", " + decay + " and " + masked);
        }
    }

    public static CtcTrainingConfig of(int hidden, int layers, int heads, int epochs, long seed) {
        return new CtcTrainingConfig(hidden, layers, heads, epochs, 32, 1e-3, 0.05, 0.15, seed);
    }
}
