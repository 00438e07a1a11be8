package io.tokenwise.classify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class LinearClassifierTest {
    private static Backend backend;

    @BeforeAll
    static void open() {
        backend = Backends.open(BackendChoice.FLOAT32, 1);
    }

    @AfterAll
    static void close() {
        backend.close();
    }

    /** Noisy points around one centre for each class, more of them than a block holds. */
    private record Points(float[][] vectors, List<String> labels) {
        static Points random(int count, int hidden, int classes) {
            var random = new Random(5);
            var centres = new float[classes][hidden];
            for (float[] centre : centres) {
                for (int i = 0; i < hidden; i++) {
                    centre[i] = (float) random.nextGaussian();
                }
            }
            var vectors = new float[count][hidden];
            var labels = new ArrayList<String>();
            for (float[] vector : vectors) {
                int label = random.nextInt(classes);
                for (int i = 0; i < hidden; i++) {
                    vector[i] = centres[label][i] + 2 * (float) random.nextGaussian();
                }
                labels.add("class " + label);
            }
            return new Points(vectors, labels);
        }
    }

    @Test
    void theMinimumOfAWorkedExample() throws InterruptedException {
        // At +1 is a, at -1 is b: by symmetry a's weight is w, b's is -w, and the bias 0. Minimising 2 log(1 +
        // exp(-2w)) + w^2
        // gives w = 2 / (1 + exp(2w)), which is .521298.
        var classifier = LinearClassifier.train(backend, new float[][] {{1}, {-1}}, List.of("a", "b"));
        assertThat(classifier.weights()[0][0]).isCloseTo(0.521298f, within(1e-4f));
        assertThat(classifier.weights()[0][1]).isCloseTo(-0.521298f, within(1e-4f));
        assertThat(classifier.weights()[1][0]).isCloseTo(0, within(1e-4f));
        assertThat(classifier.classes()).containsExactly("a", "b");
        assertThat(classifier.classify(new float[] {0.1f})).isEqualTo("a");
        assertThat(classifier.classify(new float[] {-0.1f})).isEqualTo("b");
    }

    @Test
    void atTheMinimumTheGradientIsZero() throws InterruptedException {
        Points points = Points.random(5_000, 7, 5);
        var classifier = LinearClassifier.train(backend, points.vectors, points.labels);
        float[][] weights = classifier.weights();
        var gradient = new double[8][5];
        for (int n = 0; n < points.vectors.length; n++) {
            var scores = new double[5];
            for (int c = 0; c < 5; c++) {
                scores[c] = weights[7][c];
                for (int i = 0; i < 7; i++) {
                    scores[c] += points.vectors[n][i] * weights[i][c];
                }
            }
            double sum = Arrays.stream(scores).map(Math::exp).sum();
            int label = classifier.classes().indexOf(points.labels.get(n));
            for (int c = 0; c < 5; c++) {
                double error = Math.exp(scores[c]) / sum - (c == label ? 1 : 0);
                for (int i = 0; i < 7; i++) {
                    gradient[i][c] += points.vectors[n][i] * error / points.vectors.length;
                }
                gradient[7][c] += error / points.vectors.length;
            }
        }
        for (int c = 0; c < 5; c++) {
            for (int i = 0; i < 7; i++) {
                gradient[i][c] += weights[i][c] / points.vectors.length;
            }
        }
        double largest = Arrays.stream(gradient)
                .flatMapToDouble(Arrays::stream)
                .map(Math::abs)
                .max()
                .orElseThrow();
        assertThat(largest).isLessThan(3e-5);
    }

    @Test
    void theResultDoesNotDependOnThreads() throws InterruptedException {
        Points points = Points.random(9_000, 12, 3);
        try (Backend threads = Backends.open(BackendChoice.FLOAT32, 3)) {
            assertThat(LinearClassifier.train(threads, points.vectors, points.labels)
                            .weights())
                    .isDeepEqualTo(LinearClassifier.train(backend, points.vectors, points.labels)
                            .weights());
        }
    }

    @Test
    void whatCannotBeTrainedOnIsTold() {
        assertThatThrownBy(() -> LinearClassifier.train(backend, new float[][] {{1}, {2}}, List.of("a", "a")))
                .hasMessage("classifier: labels of two or more classes are needed, got [a]");
        assertThatThrownBy(() -> LinearClassifier.train(backend, new float[][] {{1}, {2}}, List.of("a")))
                .hasMessage("classifier: 2 vectors and 1 labels");
    }

    @Test
    void aVectorOfAnotherSizeIsRefused() throws InterruptedException {
        var classifier = LinearClassifier.train(backend, new float[][] {{1}, {-1}}, List.of("a", "b"));
        assertThatThrownBy(() -> classifier.classify(new float[3]))
                .hasMessage("classifier: a vector of 3 values, it was trained on 1");
    }
}
