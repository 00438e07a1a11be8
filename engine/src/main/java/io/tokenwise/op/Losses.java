package io.tokenwise.op;

import io.tokenwise.backend.Shapes;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.CpuDevice;
import io.tokenwise.backend.cuda.CudaDevice;
import io.tokenwise.backend.cuda.Launches;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;

/** Losses: each writes its gradient to a tensor of the prediction's shape and returns the loss, for which the host waits. */
public final class Losses {
    /** Values of which a block makes a part of a sum over a whole tensor. */
    private static final int PART = 4_096;

    private static final int BLOCK = 256;

    private Losses() {}

    /** Mean over rows of {@code 1 - y . target}, for rows of length 1: the cosine distance. */
    public static double cosineDistance(Stream stream, Tensor y, Tensor target, Tensor dy) {
        Shapes.same("cosineDistance", y, target);
        Shapes.same("cosineDistance", y, dy);
        return stream.device() instanceof CpuDevice cpu
                ? cosineDistance(cpu.host(y), cpu.host(target), cpu.host(dy))
                : cosineDistance(CudaDevice.of(stream), y, target, dy);
    }

    private static double cosineDistance(HostTensor y, HostTensor target, HostTensor dy) {
        double sum = 0;
        float scale = -1f / y.rows();
        for (int i = 0; i < y.size(); i++) {
            float wanted = target.get(i);
            sum += (double) y.get(i) * wanted;
            dy.set(i, scale * wanted);
        }
        return 1 - sum / y.rows();
    }

    private static double cosineDistance(CudaDevice cuda, Tensor y, Tensor target, Tensor dy) {
        int parts = Launches.blocks(y.size(), PART);
        long sums = firstDoubles(cuda, 2L * parts);
        long loss = doubles(cuda, 1);
        cuda.kernel("cosineDistanceParts")
                .tensor(y)
                .tensor(target)
                .tensor(dy)
                .integer(y.size())
                .integer(y.rows())
                .pointer(sums)
                .run(parts, BLOCK);
        cuda.kernel("cosineDistance")
                .pointer(sums)
                .integer(parts)
                .integer(y.rows())
                .pointer(loss)
                .run(1, BLOCK);
        return cuda.readDouble(loss);
    }

    /**
     * {@code sum (y - target)^2 / sum target^2}: squared error relative to doing nothing, alike for all layers; the gradient is that of {@code weight} times
     * this.
     */
    public static double relativeSquaredError(Stream stream, Tensor y, Tensor target, double weight, Tensor dy) {
        Shapes.same("relativeSquaredError", y, target);
        Shapes.same("relativeSquaredError", y, dy);
        return stream.device() instanceof CpuDevice cpu
                ? relativeSquaredError(cpu.host(y), cpu.host(target), weight, cpu.host(dy))
                : relativeSquaredError(CudaDevice.of(stream), y, target, weight, dy);
    }

    private static double relativeSquaredError(HostTensor y, HostTensor target, double weight, HostTensor dy) {
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

    private static double relativeSquaredError(CudaDevice cuda, Tensor y, Tensor target, double weight, Tensor dy) {
        int parts = Launches.blocks(y.size(), PART);
        if (parts == 0) {
            return 0;
        }
        long sums = firstDoubles(cuda, 2L * parts);
        long loss = doubles(cuda, 1);
        cuda.kernel("squaredErrorParts")
                .tensor(y)
                .tensor(target)
                .integer(y.size())
                .pointer(sums)
                .run(parts, BLOCK);
        cuda.kernel("relativeSquaredError")
                .tensor(y)
                .tensor(target)
                .pointer(sums)
                .floating((float) weight)
                .integer(y.size())
                .tensor(dy)
                .pointer(loss)
                .run(parts, BLOCK);
        return cuda.readDouble(loss);
    }

    /** Mean of {@code (y - target)^2} over the rows, of one column, whose target is a number. */
    public static double squaredErrorWhereKnown(Stream stream, Tensor y, float[] target, Tensor dy) {
        Shapes.require("squaredErrorWhereKnown", y, target.length, 1);
        Shapes.same("squaredErrorWhereKnown", y, dy);
        return stream.device() instanceof CpuDevice cpu
                ? squaredErrorWhereKnown(cpu.host(y), target, cpu.host(dy))
                : squaredErrorWhereKnown(CudaDevice.of(stream), y, target, dy);
    }

    private static double squaredErrorWhereKnown(HostTensor y, float[] target, HostTensor dy) {
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

    private static double squaredErrorWhereKnown(CudaDevice cuda, Tensor y, float[] target, Tensor dy) {
        long loss = firstDoubles(cuda, 1);
        cuda.kernel("squaredErrorWhereKnown")
                .tensor(y)
                .pointer(cuda.upload(target, y.rows()))
                .tensor(dy)
                .integer(y.rows())
                .pointer(loss)
                .run(1, BLOCK);
        return cuda.readDouble(loss);
    }

    // ---- of logits

    /** How likely each class should be in each row. */
    @FunctionalInterface
    private interface Probabilities {
        double of(int row, int column);
    }

    /** Mean over rows of {@code -log softmax(logits)[label]}. */
    public static double crossEntropy(Stream stream, Tensor logits, int[] labels, Tensor dLogits) {
        Shapes.same("crossEntropy", logits, dLogits);
        Shapes.rows("crossEntropy labels", labels, logits.rows(), logits.columns());
        if (stream.device() instanceof CpuDevice cpu) {
            return crossEntropy(cpu.host(logits), (row, column) -> column == labels[row] ? 1 : 0, cpu.host(dLogits));
        }
        CudaDevice cuda = CudaDevice.of(stream);
        Launches begun = cuda.kernel("crossEntropyRows")
                .tensor(logits)
                .ints(labels, logits.rows())
                .pointer(0);
        return meanOverRows(cuda, begun, dLogits);
    }

    /**
     * Mean over rows of {@code -sum_c wanted[c] log softmax(logits)[c]}.
     *
     * @param wanted probabilities, row by row, which sum to 1 in each
     */
    public static double crossEntropy(Stream stream, Tensor logits, double[] wanted, Tensor dLogits) {
        Shapes.same("crossEntropy", logits, dLogits);
        if (wanted.length != logits.size()) {
            throw new IllegalArgumentException(
                    "crossEntropy: " + wanted.length + " probabilities for " + logits.shape());
        }
        if (stream.device() instanceof CpuDevice cpu) {
            int classes = logits.columns();
            return crossEntropy(cpu.host(logits), (row, column) -> wanted[row * classes + column], cpu.host(dLogits));
        }
        CudaDevice cuda = CudaDevice.of(stream);
        Launches begun =
                cuda.kernel("crossEntropyRows").tensor(logits).pointer(0).pointer(cuda.upload(wanted, logits.size()));
        return meanOverRows(cuda, begun, dLogits);
    }

    private static double crossEntropy(HostTensor logits, Probabilities wanted, HostTensor dLogits) {
        double loss = 0;
        for (int row = 0; row < logits.rows(); row++) {
            double logTotal = LogSums.of(logits, row);
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
    public static double divergence(Stream stream, Tensor logits, Tensor target, Tensor dLogits) {
        Shapes.same("divergence", logits, target);
        Shapes.same("divergence", logits, dLogits);
        if (stream.device() instanceof CpuDevice cpu) {
            return divergence(cpu.host(logits), cpu.host(target), cpu.host(dLogits));
        }
        CudaDevice cuda = CudaDevice.of(stream);
        return meanOverRows(cuda, cuda.kernel("divergenceRows").tensor(logits).tensor(target), dLogits);
    }

    private static double divergence(HostTensor logits, HostTensor target, HostTensor dLogits) {
        var logTotals = new double[target.rows()];
        double entropy = 0;
        for (int row = 0; row < target.rows(); row++) {
            logTotals[row] = LogSums.of(target, row);
            for (int column = 0; column < target.columns(); column++) {
                double logProbability = target.get(row, column) - logTotals[row];
                entropy -= Math.exp(logProbability) * logProbability;
            }
        }
        return crossEntropy(logits, (row, column) -> Math.exp(target.get(row, column) - logTotals[row]), dLogits)
                - entropy / target.rows();
    }

    /** The divergence of {@code softmax(logits)} from {@code softmax(target)}, of results on the host. */
    public static double divergence(float[] logits, float[] target) {
        double logTotal = LogSums.of(logits);
        double targetLogTotal = LogSums.of(target);
        double divergence = 0;
        for (int column = 0; column < logits.length; column++) {
            double wanted = target[column] - targetLogTotal;
            divergence += Math.exp(wanted) * (wanted - (logits[column] - logTotal));
        }
        return divergence;
    }

    /** Runs the loss of each row that has been begun. */
    private static double meanOverRows(CudaDevice cuda, Launches begun, Tensor dLogits) {
        int rows = dLogits.rows();
        long losses = firstDoubles(cuda, rows);
        long loss = doubles(cuda, 1);
        begun.tensor(dLogits)
                .pointer(losses)
                .integer(rows)
                .integer(dLogits.columns())
                .run(rows, BLOCK);
        cuda.kernel("meanOverRows").pointer(losses).integer(rows).pointer(loss).run(1, BLOCK);
        return cuda.readDouble(loss);
    }

    // ---- of pairs

    /**
     * CoSENT (Su 2022): {@code log(1 + sum exp((cos_q - cos_p) / temperature))} over all p and q of which p has the higher score. It asks for an order of
     * the cosines, as Spearman's correlation does, whatever scores mean.
     *
     * @param y rows of length 1: the first texts of the pairs, then the second ones, in the same order
     */
    public static double order(Stream stream, Tensor y, double[] scores, double temperature, Tensor dy) {
        Shapes.require("order", y, 2 * scores.length, y.columns());
        Shapes.same("order", y, dy);
        return stream.device() instanceof CpuDevice cpu
                ? order(cpu.host(y), scores, temperature, cpu.host(dy))
                : order(CudaDevice.of(stream), y, scores, temperature, dy);
    }

    private static double order(HostTensor y, double[] scores, double temperature, HostTensor dy) {
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

    private static double order(CudaDevice cuda, Tensor y, double[] scores, double temperature, Tensor dy) {
        int pairs = scores.length;
        long cosines = firstDoubles(cuda, pairs);
        long slopes = doubles(cuda, pairs);
        long loss = doubles(cuda, 1);
        cuda.kernel("pairCosines")
                .tensor(y)
                .pointer(cosines)
                .integer(pairs)
                .integer(y.columns())
                .run(pairs, BLOCK);
        cuda.kernel("orderLoss")
                .pointer(cosines)
                .pointer(cuda.upload(scores, pairs))
                .floating((float) temperature)
                .integer(pairs)
                .pointer(slopes)
                .pointer(loss)
                .run(1, BLOCK);
        cuda.kernel("orderGradient")
                .tensor(y)
                .pointer(slopes)
                .tensor(dy)
                .integer(pairs)
                .integer(y.columns())
                .run(2 * pairs, BLOCK);
        return cuda.readDouble(loss);
    }

    /** Room for the first numbers of a loss. */
    private static long firstDoubles(CudaDevice cuda, long count) {
        return cuda.scratch(count * Double.BYTES);
    }

    private static long doubles(CudaDevice cuda, long count) {
        return cuda.moreScratch(count * Double.BYTES);
    }
}
