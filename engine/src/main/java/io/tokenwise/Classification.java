package io.tokenwise;

import java.util.Arrays;
import java.util.List;

/**
 * Which class an image or a text has.
 *
 * @param label of the likeliest class
 * @param probability of it, 0..1
 * @param probabilities of all classes, in the order of the model's labels; they sum to 1, unless there may be several at once
 */
public record Classification(String label, double probability, double[] probabilities) {
    /**
     * From the logits of the classes.
     *
     * @param logits of the classes, at least one
     * @param labels what the classes are called, in the same order
     * @param several whether several can be right at once
     * @return as {@link #ofSeveral} says, or else {@link #of(float[], List)}
     */
    public static Classification of(float[] logits, List<String> labels, boolean several) {
        return several ? ofSeveral(logits, labels) : of(logits, labels);
    }

    /**
     * From the logits of the classes, by softmax.
     *
     * @param logits of the classes, at least one
     * @param labels what the classes are called, in the same order
     * @return the likeliest, and the probabilities of all
     */
    public static Classification of(float[] logits, List<String> labels) {
        int best = likeliest(logits);
        var probabilities = new double[logits.length];
        double sum = 0;
        for (int c = 0; c < logits.length; c++) {
            probabilities[c] = Math.exp((double) logits[c] - logits[best]);
            sum += probabilities[c];
        }
        for (int c = 0; c < logits.length; c++) {
            probabilities[c] /= sum;
        }
        return new Classification(labels.get(best), probabilities[best], probabilities);
    }

    /**
     * From the logits of classes of which several can be right at once, by the logistic function.
     *
     * @param logits of the classes, at least one
     * @param labels what the classes are called, in the same order
     * @return the likeliest, and the probabilities of all, each by itself
     */
    public static Classification ofSeveral(float[] logits, List<String> labels) {
        var probabilities = new double[logits.length];
        for (int c = 0; c < logits.length; c++) {
            probabilities[c] = 1 / (1 + Math.exp(-(double) logits[c]));
        }
        int best = likeliest(logits);
        return new Classification(labels.get(best), probabilities[best], probabilities);
    }

    /**
     * {@return the number of the class with the largest logit, the first of them if several are equal}
     *
     * @param logits of the classes, at least one
     */
    public static int likeliest(float[] logits) {
        int best = 0;
        for (int c = 1; c < logits.length; c++) {
            best = logits[c] > logits[best] ? c : best;
        }
        return best;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Classification classification
                && label.equals(classification.label)
                && Double.compare(probability, classification.probability) == 0
                && Arrays.equals(probabilities, classification.probabilities);
    }

    @Override
    public int hashCode() {
        return 31 * label.hashCode() + Arrays.hashCode(probabilities);
    }

    @Override
    public String toString() {
        return "Classification[" + label + ", " + probability + ", of " + probabilities.length + " classes]";
    }
}
