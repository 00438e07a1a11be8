package io.tokenwise.nn;

/** How long a pass leaves texts' vectors. */
public enum VectorLength {
    /** Scaled to length 1 if the model's description says so. */
    DESCRIBED,
    /** As pooling gives them: to be averaged. */
    POOLED
}
