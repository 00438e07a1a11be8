package io.tokenwise.classify;

import io.tokenwise.backend.Backend;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.op.Sums;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/**
 * The loss of logistic regression over fixed vectors, divided by their number: mean of {@code -log softmax(x W + bias)[label]} plus
 * {@code |W|^2 / (2 vectors)}. Parameters are W {@code [hidden, classes]} row by row, then the bias. Holds the vectors in native memory.
 */
final class SoftmaxLoss implements Lbfgs.Objective, AutoCloseable {
    /** Rows that are multiplied at once: enough for all threads, and logits of some hundred classes stay in cache. */
    private static final int BLOCK_ROWS = 4_096;

    /** Logits of a block at most: with many classes it has fewer rows. */
    private static final int BLOCK_LOGITS = 1 << 24;

    private final int[] labels;
    private final int hidden;
    private final int classes;
    private final Arena arena = Arena.ofShared();
    private final Workspace workspace;
    private final Stream stream;
    private final List<Tensor> blocks = new ArrayList<>();
    private final Tensor weight;
    private final Tensor bias;
    private final PackedMatrix packed;
    private final Tensor weightGradient;
    private final Tensor biasGradient;

    /** @param labels numbers of classes, from 0 */
    SoftmaxLoss(Backend backend, float[][] vectors, int[] labels, int classes) {
        this.labels = labels;
        this.classes = classes;
        hidden = vectors[0].length;
        stream = backend.stream();
        workspace = backend.workspace(1L << 30);
        int blockRows = Math.clamp(BLOCK_LOGITS / classes, 1, BLOCK_ROWS);
        for (int from = 0; from < vectors.length; from += blockRows) {
            int rows = Math.min(blockRows, vectors.length - from);
            Tensor block = backend.allocate(arena, rows, hidden);
            try (HostTensor values = backend.write(block)) {
                for (int row = 0; row < rows; row++) {
                    for (int column = 0; column < hidden; column++) {
                        values.set(row, column, vectors[from + row][column]);
                    }
                }
            }
            blocks.add(block);
        }
        weight = backend.allocate(arena, hidden, classes);
        bias = backend.allocate(arena, 1, classes);
        packed = backend.allocatePacked(arena, hidden, classes);
        weightGradient = backend.allocate(arena, hidden, classes);
        biasGradient = backend.allocate(arena, 1, classes);
    }

    @Override
    public double value(double[] x, double[] gradient) throws InterruptedException {
        try (HostTensor weights = stream.write(weight);
                HostTensor biases = stream.write(bias)) {
            for (int i = 0; i < hidden * classes; i++) {
                weights.set(i, (float) x[i]);
            }
            for (int c = 0; c < classes; c++) {
                biases.set(c, (float) x[hidden * classes + c]);
            }
        }
        stream.pack(weight, false, packed);
        stream.fill(weightGradient, 0);
        stream.fill(biasGradient, 0);
        double loss = 0;
        int row = 0;
        for (Tensor block : blocks) {
            workspace.reset();
            Tensor logits = workspace.tensor(block.rows(), classes);
            stream.linear(block, packed, bias, false, null, logits);
            try (HostTensor values = stream.write(logits)) {
                loss += toGradient(values, row);
            }
            stream.weightGradient(block, logits, workspace, weightGradient);
            Sums.addColumns(stream, logits, biasGradient);
            row += block.rows();
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
        return (loss + regularized(x, gradient)) / labels.length;
    }

    /** Turns logits into the gradient of their loss, {@code softmax - 1 at the label}, and returns the sum of the losses. */
    private double toGradient(HostTensor logits, int firstRow) {
        double loss = 0;
        var exponentials = new double[classes];
        for (int row = 0; row < logits.rows(); row++) {
            double largest = Double.NEGATIVE_INFINITY;
            for (int c = 0; c < classes; c++) {
                largest = Math.max(largest, logits.get(row, c));
            }
            double sum = 0;
            for (int c = 0; c < classes; c++) {
                exponentials[c] = Math.exp(logits.get(row, c) - largest);
                sum += exponentials[c];
            }
            int label = labels[firstRow + row];
            loss += Math.log(sum) + largest - logits.get(row, label);
            for (int c = 0; c < classes; c++) {
                logits.set(row, c, (float) (exponentials[c] / sum) - (c == label ? 1 : 0));
            }
        }
        return loss;
    }

    /** Completes the gradient and returns what the weights' length adds to the sum of the losses. */
    private double regularized(double[] x, double[] gradient) {
        double squares = 0;
        try (HostTensor weights = stream.read(weightGradient);
                HostTensor biases = stream.read(biasGradient)) {
            for (int i = 0; i < hidden * classes; i++) {
                gradient[i] = (weights.get(i) + x[i]) / labels.length;
                squares += x[i] * x[i];
            }
            for (int c = 0; c < classes; c++) {
                gradient[hidden * classes + c] = biases.get(c) / labels.length;
            }
        }
        return squares / 2;
    }

    @Override
    public void close() {
        workspace.close();
        arena.close();
    }
}
