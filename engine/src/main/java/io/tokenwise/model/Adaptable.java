package io.tokenwise.model;

import io.tokenwise.acm.block.AdaptiveLayers;

/**
 * What of a model can become adaptive, and what does if nobody says.
 *
 * @param tokens whether its tokens can leave; that is then what is usual
 * @param usual what has learners where nobody says, such as {@code mlp,qk,vo}
 * @param oneLearner whether a token has one of an MLP's learners or all of them where nobody says; else any number
 * @param controlLearners of a control of fixed widths where nobody says
 */
public record Adaptable(boolean tokens, String usual, boolean oneLearner, int controlLearners) {
    /** Of each module, where nobody says. */
    public static final int LEARNERS = 4;

    /** As it is of text encoders and image classifiers. */
    public static final Adaptable BY_TOKENS = new Adaptable(true, "mlp,qk,vo", true, 16);

    /** As it is of text encoders whose attention knows by angles or biases where tokens stand: by learners its queries and keys stay whole. */
    public static final Adaptable WITHOUT_QUERIES = new Adaptable(true, "mlp,vo", true, 16);

    /** What becomes adaptive where nobody says. */
    public AdaptiveLayers usualLayers() {
        return tokens
                ? AdaptiveLayers.LEAVING
                : AdaptiveLayers.parse(usual, LEARNERS).withMlpLearners(usualMlpLearners(LEARNERS));
    }

    /** How many of an MLP's learners have weights of their own where nobody says. */
    public int usualMlpLearners(int learners) {
        return oneLearner ? 1 : Math.max(1, learners - 1);
    }

    /** The same where all tokens stay. */
    Adaptable withoutTokens() {
        return new Adaptable(false, usual, oneLearner, controlLearners);
    }
}
