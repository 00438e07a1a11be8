package io.tokenwise.server;

/**
 * What a model gave for one input, and what its tokens went through.
 *
 * @param output vector or logits
 * @param shares for each token, of an image for each patch too, the share of all learners that it went through
 * @param micros that it took alone
 */
record Shaded(float[] output, double[] shares, long micros) {
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
