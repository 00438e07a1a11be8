package io.tokenwise.autograd;

import io.tokenwise.tensor.Tensor;

/** Losses with their gradients; each writes the gradient to a tensor of the prediction's shape and returns the loss. */
public final class Losses {
    private Losses() {}

    /** How likely each class should be in each row. */
    @FunctionalInterface
    public interface Probabilities {
        double of(int row, int column);
    }

    /** Mean over rows of {@code 1 - y . target}, for rows of length 1: the cosine distance. */
    public static double cosineDistance(Tensor y, Tensor target, Tensor dy) {
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
    public static double relativeSquaredError(Tensor y, Tensor target, double weight, Tensor dy) {
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

    /** Mean of {@code (y - target)^2} over the rows, of one column, whose target is a number. */
    public static double squaredErrorWhereKnown(Tensor y, float[] target, Tensor dy) {
        int known = 0;
        for (int row = 0; row < y.rows(); row++) {
            known += Float.isNaN(target[row]) ? 0 : 1;
        }
        double loss = 0;
        for (int row = 0; row < y.rows(); row++) {
            double difference = Float.isNaN(target[row]) ? 0 : y.get(row, 0) - target[row];
            loss += difference * difference / known;
            dy.set(row, 0, (float) (2 * difference / known));
        }
        return loss;
    }

    /** Mean over rows of {@code -log softmax(logits)[label]}. */
    public static double crossEntropy(Tensor logits, int[] labels, Tensor dLogits) {
        return crossEntropy(logits, (row, column) -> column == labels[row] ? 1 : 0, dLogits);
    }

    /**
     * Mean over rows of {@code -sum_c wanted[c] log softmax(logits)[c]}.
     *
     * @param wanted probabilities, which sum to 1 in each row
     */
    public static double crossEntropy(Tensor logits, Probabilities wanted, Tensor dLogits) {
        double loss = 0;
        for (int row = 0; row < logits.rows(); row++) {
            double logTotal = logSum(logits, row);
            for (int column = 0; column < logits.columns(); column++) {
                double logProbability = logits.get(row, column) - logTotal;
                double share = wanted.of(row, column);
                loss -= share == 0 ? 0 : share * logProbability;
                dLogits.set(row, column, (float) ((Math.exp(logProbability) - share) / logits.rows()));
            }
        }
        return loss / logits.rows();
    }

    /** Mean over rows of the divergence of {@code softmax(logits)} from {@code softmax(target)} (Kullback and Leibler 1951): 0 if they are equal. */
    public static double divergence(Tensor logits, Tensor target, Tensor dLogits) {
        var logTotals = new double[target.rows()];
        double entropy = 0;
        for (int row = 0; row < target.rows(); row++) {
            logTotals[row] = logSum(target, row);
            for (int column = 0; column < target.columns(); column++) {
                double logProbability = target.get(row, column) - logTotals[row];
                entropy -= Math.exp(logProbability) * logProbability;
            }
        }
        return crossEntropy(logits, (row, column) -> Math.exp(target.get(row, column) - logTotals[row]), dLogits)
                - entropy / target.rows();
    }

    /** The divergence of {@code softmax(logits)} from {@code softmax(target)}. */
    public static double divergence(float[] logits, float[] target) {
        double logTotal = logSum(logits);
        double targetLogTotal = logSum(target);
        double divergence = 0;
        for (int column = 0; column < logits.length; column++) {
            double wanted = target[column] - targetLogTotal;
            divergence += Math.exp(wanted) * (wanted - (logits[column] - logTotal));
        }
        return divergence;
    }

    private static double logSum(float[] logits) {
        double largest = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            largest = Math.max(largest, logit);
        }
        double total = 0;
        for (float logit : logits) {
            total += Math.exp(logit - largest);
        }
        return Math.log(total) + largest;
    }

    /** {@code log sum_c exp(logits[row, c])}. */
    private static double logSum(Tensor logits, int row) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int column = 0; column < logits.columns(); column++) {
            largest = Math.max(largest, logits.get(row, column));
        }
        double total = 0;
        for (int column = 0; column < logits.columns(); column++) {
            total += Math.exp(logits.get(row, column) - largest);
        }
        return Math.log(total) + largest;
    }

    /**
     * CoSENT (Su 2022): {@code log(1 + sum exp((cos_q - cos_p) / temperature))} over all p and q of which p has the higher score. It asks for an order of
     * the cosines, as Spearman's correlation does, whatever scores mean.
     *
     * @param y rows of length 1: the first texts of the pairs, then the second ones, in the same order
     */
    public static double order(Tensor y, double[] scores, double temperature, Tensor dy) {
        int pairs = scores.length;
        var cosines = new double[pairs];
        for (int p = 0; p < pairs; p++) {
            for (int column = 0; column < y.columns(); column++) {
                cosines[p] += (double) y.get(p, column) * y.get(pairs + p, column);
            }
        }
        double largest = 0;
        for (int p = 0; p < pairs; p++) {
            for (int q = 0; q < pairs; q++) {
                largest = scores[p] > scores[q] ? Math.max(largest, (cosines[q] - cosines[p]) / temperature) : largest;
            }
        }
        double total = Math.exp(-largest);
        var slopes = new double[pairs];
        for (int p = 0; p < pairs; p++) {
            for (int q = 0; q < pairs; q++) {
                if (scores[p] > scores[q]) {
                    double term = Math.exp((cosines[q] - cosines[p]) / temperature - largest);
                    total += term;
                    slopes[q] += term;
                    slopes[p] -= term;
                }
            }
        }
        for (int p = 0; p < pairs; p++) {
            double slope = slopes[p] / (total * temperature);
            for (int column = 0; column < y.columns(); column++) {
                dy.set(p, column, (float) (slope * y.get(pairs + p, column)));
                dy.set(pairs + p, column, (float) (slope * y.get(p, column)));
            }
        }
        return Math.log(total) + largest;
    }
}
