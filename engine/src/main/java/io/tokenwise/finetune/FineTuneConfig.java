package io.tokenwise.finetune;

/**
 * How a dense encoder is trained on labels. The defaults suit small encoders.
 *
 * @param epochs how often each example is seen
 * @param tokensPerStep tokens of a batch, about
 * @param rate peak learning rate of the encoder's layers; it rises over a tenth of the steps and then falls to nothing
 * @param seed of everything random: same seed, same examples, same weights
 */
public record FineTuneConfig(int epochs, int tokensPerStep, double rate, long seed) {
    public static final int USUAL_EPOCHS = 3;
    public static final double USUAL_RATE = 1e-4;

    public FineTuneConfig {
        if (epochs < 1 || tokensPerStep < 1) {
            throw new IllegalArgumentException(
                    "epochs and tokens per step must be at least 1, are " + epochs + " and " + tokensPerStep);
        }
        if (!(rate > 0 && rate < 1)) {
            throw new IllegalArgumentException("the learning rate must be above 0 and below 1, is " + rate);
        }
    }

    public static FineTuneConfig of(int epochs, double rate, long seed) {
        return new FineTuneConfig(epochs, 1024, rate, seed);
    }
}
