package io.tokenwise.acm.leave;

/** What the forward of one input costs, in multiply-adds or microseconds: both ways through a model that has a short path. Thread-safe. */
public interface ForwardCost {
    /** All tokens through the dense model. */
    double dense(int tokens);

    /**
     * So many of the tokens through the short path; more the more there are.
     *
     * @param narrowShare how much of the layers are narrow
     * @param gated whether the gate is asked
     */
    double shortened(int tokens, int rows, double narrowShare, boolean gated);
}
