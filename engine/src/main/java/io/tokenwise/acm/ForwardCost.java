package io.tokenwise.acm;

/** What the forward of one input costs, in multiply-adds or microseconds: both ways through a model that has a short path. Thread-safe. */
public interface ForwardCost {
    /** All tokens through the dense model. */
    double dense(int tokens);

    /** All tokens through the gate, and so many of them through the layers; more the more there are. */
    double shortened(int tokens, int rows);
}
