package io.tokenwise.classify;

import io.tokenwise.backend.Backend;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;

/**
 * Gives vectors one of some classes: multinomial logistic regression, as a service would put it behind a text encoder. Immutable and
 * thread-safe.
 */
public final class LinearClassifier {
    /** Of the mean loss's gradient. Ten times finer hardly changes a prediction. */
    private static final double TOLERANCE = 1e-5;

    private static final int MOST_ITERATIONS = 300;

    private final List<String> classes;

    /** {@code [hidden + 1][classes]}; the last row is the bias. */
    private final float[][] weights;

    private LinearClassifier(List<String> classes, float[][] weights) {
        this.classes = classes;
        this.weights = weights;
    }

    /**
     * Minimises {@code sum of -log p(label) + |W|^2 / 2} over weights W and a bias, which is not held down. The minimum is unique,
     * so nothing is random, and the result does not depend on the number of threads.
     *
     * @param backend that multiplies in float32
     * @param vectors {@code [texts][hidden]}, the embeddings of training texts
     * @param labels the texts' classes, in the same order
     * @throws IllegalArgumentException if there are not as many labels as vectors, or fewer than two classes
     * @throws InterruptedException if the thread was interrupted
     */
    public static LinearClassifier train(Backend backend, float[][] vectors, List<String> labels)
            throws InterruptedException {
        if (vectors.length != labels.size()) {
            throw new IllegalArgumentException(
                    "classifier: " + vectors.length + " vectors and " + labels.size() + " labels");
        }
        List<String> classes = List.copyOf(new TreeSet<>(labels));
        if (classes.size() < 2) {
            throw new IllegalArgumentException("classifier: labels of two or more classes are needed, got " + classes);
        }
        int hidden = vectors[0].length;
        int[] numbers = labels.stream()
                .mapToInt(label -> Collections.binarySearch(classes, label))
                .toArray();
        try (var loss = new SoftmaxLoss(backend, vectors, numbers, classes.size())) {
            double[] solution = Lbfgs.minimize(loss, (hidden + 1) * classes.size(), TOLERANCE, MOST_ITERATIONS);
            var weights = new float[hidden + 1][classes.size()];
            for (int i = 0; i < solution.length; i++) {
                weights[i / classes.size()][i % classes.size()] = (float) solution[i];
            }
            return new LinearClassifier(classes, weights);
        }
    }

    /** The names of the classes, sorted. */
    public List<String> classes() {
        return classes;
    }

    /**
     * The most likely class.
     *
     * @param vector {@code [hidden]}
     */
    public String classify(float[] vector) {
        int hidden = weights.length - 1;
        if (vector.length != hidden) {
            throw new IllegalArgumentException(
                    "classifier: a vector of " + vector.length + " values, it was trained on " + hidden);
        }
        float[] scores = weights[hidden].clone();
        for (int i = 0; i < hidden; i++) {
            for (int c = 0; c < scores.length; c++) {
                scores[c] += vector[i] * weights[i][c];
            }
        }
        int best = 0;
        for (int c = 1; c < scores.length; c++) {
            best = scores[c] > scores[best] ? c : best;
        }
        return classes.get(best);
    }

    /** For tests: {@code [hidden + 1][classes]}, the last row the bias. */
    float[][] weights() {
        return Arrays.stream(weights).map(float[]::clone).toArray(float[][]::new);
    }
}
