package io.tokenwise.model;

import java.util.List;

/** What a model gives for a text, or for a pair of texts. */
public sealed interface TextOutput {
    /**
     * A vector.
     *
     * @param pooling how token vectors become the text's vector
     * @param normalize whether it is scaled to length 1
     */
    record Vectors(Pooling pooling, boolean normalize) implements TextOutput {}

    /**
     * A number for each class, or one: a score. Before softmax, or the logistic function.
     *
     * @param labels what classes are called; of a score one
     * @param several whether a text may be of several classes at once
     */
    record SequenceClasses(HeadForm head, List<String> labels, boolean several) implements TextOutput {
        public SequenceClasses {
            labels = List.copyOf(labels);
        }

        /** Whether it is a score, as cross-encoders give it. */
        public boolean isScore() {
            return labels.size() == 1;
        }
    }
}
