package io.tokenwise.acm.choose;

/** Told by adaptive modules, in the order in which they run, what they spent. */
@FunctionalInterface
public interface LearnerObserver {
    /**
     * @param module path of the module, such as {@code encoder.layer.0.mlp}
     * @param learners how many learners each token used; the first {@code tokens} entries count; valid during the call only
     * @param gated for how many of the tokens the gate was asked, which costs too
     */
    void spent(String module, int[] learners, int tokens, int gated);
}
