package io.tokenwise.acm.choose;

/** Decides for each token how much of some part of the model it gets: an {@link Acm} how many learners of a block, the {@code StayGate} whether it goes through the layers at all. */
public interface AdaptiveModule {
    /** Such as {@code encoder.layer.0.mlp}. */
    String path();

    /** The most that a token can have. */
    int learners();

    /** Multiply-adds of one learner for one token. */
    long learnerFlops();

    /** Multiply-adds of the gate for one token. */
    long gateFlops();

    /** Whether every token gets the same number of learners, whatever its budget. */
    boolean isFixed();

    /** Multiply-adds of all learners, which are those of what they replace, for one token. */
    default long denseFlops() {
        return learnerFlops() * learners();
    }
}
