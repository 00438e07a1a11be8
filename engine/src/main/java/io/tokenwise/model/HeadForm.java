package io.tokenwise.model;

import io.tokenwise.kernels.Activation;
import io.tokenwise.nn.NormForm;
import java.util.Optional;

/**
 * What makes classes of a text's token vectors.
 *
 * @param pooling what it reads
 * @param layer between that and the classifier; empty if there is none
 * @param classifier the tensors of the last layer
 */
public record HeadForm(Pooling pooling, Optional<Layer> layer, String classifier) {
    /**
     * {@code norm(activation(dense(h)))}.
     *
     * @param dense its tensors, such as {@code pooler.dense}
     * @param bias whether it has one
     * @param norm what follows; empty if nothing does
     */
    public record Layer(String dense, boolean bias, Activation activation, Optional<Normed> norm) {}

    /** A norm and its tensors. */
    public record Normed(String path, NormForm form) {}

    /** {@code classifier(activation(dense(h)))} of the first token, all with biases. */
    public static HeadForm first(String dense, Activation activation, String classifier) {
        return new HeadForm(
                Pooling.FIRST, Optional.of(new Layer(dense, true, activation, Optional.empty())), classifier);
    }

    /** The same with tanh: BERT's pooler and classifier. */
    public static HeadForm pooled(String dense, String classifier) {
        return first(dense, Activation.TANH, classifier);
    }
}
