package io.tokenwise.cost;

/**
 * The sizes of an encoder on which its time depends.
 *
 * @param hidden width of a token's vector
 * @param intermediate hidden units of each MLP
 * @param heads attention heads; divides hidden
 * @param layers encoder layers
 */
public record Sizes(int hidden, int intermediate, int heads, int layers) {
    /** More than any model has: a larger number in a file is nonsense. */
    private static final int MOST = 1 << 16;

    /** @throws IllegalArgumentException if no model has such sizes */
    public Sizes {
        require("hidden", hidden);
        require("intermediate", intermediate);
        require("heads", heads);
        require("layers", layers);
        if (hidden % heads != 0) {
            throw new IllegalArgumentException("hidden is " + hidden + ", must be a multiple of heads, " + heads);
        }
    }

    private static void require(String name, int value) {
        if (value < 1 || value > MOST) {
            throw new IllegalArgumentException(name + " is " + value + ", must be 1 to " + MOST);
        }
    }

    /** Weights of a layer's attention: queries, keys and values, and the output. */
    long attentionWeights() {
        return 4L * hidden * hidden;
    }

    /** Weights of a layer's MLP. */
    long mlpWeights() {
        return 2L * hidden * intermediate;
    }

    /** How far other sizes are from these: 0 for the same, about the logarithm of the ratio of the weights else. */
    double distance(Sizes other) {
        return 2 * ratio(hidden, other.hidden)
                + ratio(intermediate, other.intermediate)
                + ratio(layers, other.layers)
                + ratio(heads, other.heads);
    }

    private static double ratio(int a, int b) {
        return Math.abs(Math.log((double) a / b));
    }
}
