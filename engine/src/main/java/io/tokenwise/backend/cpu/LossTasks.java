package io.tokenwise.backend.cpu;

import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.HostTensor;

/** {@link Stream}'s losses, on the caller's thread: they are small beside what makes their operands. */
final class LossTasks {
    private LossTasks() {}

    /** How likely each class should be in each row. */
    @FunctionalInterface
    private interface Probabilities {
        double of(int row, int column);
    }

    static double cosineDistance(HostTensor y, HostTensor target, HostTensor dy) {
        double sum = 0;
        float scale = -1f / y.rows();
        for (int i = 0; i < y.size(); i++) {
            float wanted = target.get(i);
            sum += (double) y.get(i) * wanted;
            dy.set(i, scale * wanted);
        }
        return 1 - sum / y.rows();
    }

    static double relativeSquaredError(HostTensor y, HostTensor target, double weight, HostTensor dy) {
        double error = 0;
        double norm = 1e-12;
        for (int i = 0; i < y.size(); i++) {
            double wanted = target.get(i);
            double difference = y.get(i) - wanted;
            error += difference * difference;
            norm += wanted * wanted;
        }
        float scale = (float) (2 * weight / norm);
        for (int i = 0; i < y.size(); i++) {
            dy.set(i, scale * (y.get(i) - target.get(i)));
        }
        return error / norm;
    }

    static double squaredErrorWhereKnown(HostTensor y, float[] target, HostTensor dy) {
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

    static double crossEntropy(HostTensor logits, int[] labels, HostTensor dLogits) {
        return crossEntropy(logits, (row, column) -> column == labels[row] ? 1 : 0, dLogits);
    }

    static double crossEntropy(HostTensor logits, double[] wanted, HostTensor dLogits) {
        return crossEntropy(logits, (row, column) -> wanted[row * logits.columns() + column], dLogits);
    }

    private static double crossEntropy(HostTensor logits, Probabilities wanted, HostTensor dLogits) {
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

    static double divergence(HostTensor logits, HostTensor target, HostTensor dLogits) {
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

    /** {@code log sum_c exp(logits[row, c])}. */
    private static double logSum(HostTensor logits, int row) {
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

    static double order(HostTensor y, double[] scores, double temperature, HostTensor dy) {
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
