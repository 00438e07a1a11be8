package io.tokenwise.model;

import java.util.Optional;

/**
 * What makes classes of a text's first token: {@code classifier(activation(dense(h)))}.
 *
 * @param dense the tensors of the layer before the classifier, such as {@code pooler.dense}; empty if there is none
 * @param activation what follows it
 * @param classifier the tensors of the last layer
 */
public record HeadForm(Optional<String> dense, Curve activation, String classifier) {
    /** What is done to each value. */
    public enum Curve {
        NONE,
        TANH,
        GELU,
        RELU
    }
}
