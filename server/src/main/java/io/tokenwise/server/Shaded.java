package io.tokenwise.server;

import io.tokenwise.api.Budget;
import io.tokenwise.session.OpenModel;
import java.util.List;

/**
 * What a model gave for one input, and what its tokens went through.
 *
 * @param output vector or logits
 * @param shares for each token, of an image for each patch too, the share of all learners that it went through
 * @param micros that it took alone
 */
record Shaded(float[] output, double[] shares, long micros) {
    /** Runs an input of so many tokens alone, and watches it. */
    static Shaded of(OpenModel model, int[] input, int tokens, Budget budget) {
        var shading = new Shading(model.encoder(), tokens);
        long began = System.nanoTime();
        float[] output = model.sessions().encode(List.of(input), budget, shading)[0];
        return new Shaded(output, shading.shares(), (System.nanoTime() - began) / 1000);
    }

    double millis() {
        return micros / 1000.0;
    }

    /** How many tokens went through something, from one of them on. */
    int stay(int first) {
        int stay = 0;
        for (int token = first; token < shares.length; token++) {
            stay += shares[token] > 0 ? 1 : 0;
        }
        return stay;
    }
}
