package io.tokenwise.distill;

import io.tokenwise.tensor.Tensor;

/** Losses with their gradients; each writes the gradient to a tensor of the prediction's shape and returns the loss. */
final class Losses {
    private Losses() {}

    /** Mean over rows of {@code 1 - y . target}, for rows of length 1: the cosine distance. */
    static double cosineDistance(Tensor y, Tensor target, Tensor dy) {
        double sum = 0;
        float scale = -1f / y.rows();
        for (int i = 0; i < y.size(); i++) {
            float wanted = target.floats().get(i);
            sum += (double) y.floats().get(i) * wanted;
            dy.floats().set(i, scale * wanted);
        }
        return 1 - sum / y.rows();
    }

    /** {@code sum (y - target)^2 / sum target^2}: squared error relative to doing nothing, alike for all layers; the gradient is that of {@code weight} times this. */
    static double relativeSquaredError(Tensor y, Tensor target, double weight, Tensor dy) {
        double error = 0;
        double norm = 1e-12;
        for (int i = 0; i < y.size(); i++) {
            double wanted = target.floats().get(i);
            double difference = y.floats().get(i) - wanted;
            error += difference * difference;
            norm += wanted * wanted;
        }
        float scale = (float) (2 * weight / norm);
        for (int i = 0; i < y.size(); i++) {
            dy.floats().set(i, scale * (y.floats().get(i) - target.floats().get(i)));
        }
        return error / norm;
    }

    /** Mean over rows of {@code -log softmax(logits)[label]}. */
    static double crossEntropy(Tensor logits, int[] labels, Tensor dLogits) {
        double sum = 0;
        for (int row = 0; row < logits.rows(); row++) {
            double largest = Double.NEGATIVE_INFINITY;
            for (int column = 0; column < logits.columns(); column++) {
                largest = Math.max(largest, logits.get(row, column));
            }
            double total = 0;
            for (int column = 0; column < logits.columns(); column++) {
                total += Math.exp(logits.get(row, column) - largest);
            }
            for (int column = 0; column < logits.columns(); column++) {
                double probability = Math.exp(logits.get(row, column) - largest) / total;
                double wanted = column == labels[row] ? 1 : 0;
                dLogits.set(row, column, (float) ((probability - wanted) / logits.rows()));
            }
            sum += Math.log(total) + largest - logits.get(row, labels[row]);
        }
        return sum / logits.rows();
    }
}
