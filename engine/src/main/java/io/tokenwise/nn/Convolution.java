package io.tokenwise.nn;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Tape;
import io.tokenwise.op.Linears;
import io.tokenwise.op.Windows;
import io.tokenwise.tensor.Tensor;

/**
 * A convolution along a sequence, without padding, of rows whose columns are channels: a linear layer on windows, each of which is some rows one after
 * the other. It has no gradient.
 *
 * @param kernel {@code [width * channels, outputs]}
 * @param width rows of a window
 * @param step rows from one window to the next
 */
public record Convolution(Linear kernel, int width, int step) {
    /** Values of windows that are there at a time, 64 MiB: those of 30 s of sound would be 300 MB in a wav2vec 2.0. With a tape all are. */
    public static final int MOST_WINDOW_VALUES = 1 << 24;

    /** Where the sequences of the result lie. */
    public int[] offsets(int[] inputOffsets, int sequences) {
        var offsets = new int[sequences + 1];
        for (int i = 0; i < sequences; i++) {
            int rows = inputOffsets[i + 1] - inputOffsets[i];
            offsets[i + 1] = offsets[i] + (rows - width) / step + 1;
        }
        return offsets;
    }

    /**
     * {@code [windows, outputs]}.
     *
     * @param outputOffsets as {@link #offsets} gives them
     */
    public Tensor forward(Pass pass, Tensor x, int[] inputOffsets, int[] outputOffsets, int sequences, boolean gelu) {
        Parameter weight = kernel.weight().parameter();
        Tape tape = pass.tape();
        if (tape != null && (tape.tracks(x) || tape.trains(weight) || tape.trains(kernel.bias()))) {
            Tensor windows = Windows.of(pass, x, inputOffsets, sequences, width, step, outputOffsets);
            return Linears.of(pass, windows, kernel.weight(), kernel.bias(), gelu, null);
        }
        Tensor y = pass.tensor(outputOffsets[sequences], kernel.weight().outputs());
        if ((long) y.rows() * width * x.columns() <= MOST_WINDOW_VALUES) {
            multiply(pass, x, inputOffsets, outputOffsets, sequences, gelu, y);
        } else {
            inPieces(pass, x, inputOffsets, outputOffsets, sequences, gelu, y);
        }
        return y;
    }

    /** Each sequence by itself, and so many of its windows at a time: a row of the result does not depend on others. */
    private void inPieces(
            Pass pass, Tensor x, int[] inputOffsets, int[] outputOffsets, int sequences, boolean gelu, Tensor y) {
        int most = Math.max(1, MOST_WINDOW_VALUES / (width * x.columns()));
        for (int i = 0; i < sequences; i++) {
            for (int first = outputOffsets[i]; first < outputOffsets[i + 1]; first += most) {
                int count = Math.min(most, outputOffsets[i + 1] - first);
                int from = inputOffsets[i] + (first - outputOffsets[i]) * step;
                int rows = (count - 1) * step + width;
                pass.push();
                Tensor part = pass.workspace().rows(x, from, rows);
                Tensor result = pass.workspace().rows(y, first, count);
                multiply(pass, part, new int[] {0, rows}, new int[] {0, count}, 1, gelu, result);
                pass.pop();
            }
        }
    }

    private void multiply(
            Pass pass, Tensor x, int[] inputOffsets, int[] outputOffsets, int sequences, boolean gelu, Tensor y) {
        pass.push();
        Tensor windows = pass.tensor(y.rows(), width * x.columns());
        Windows.forward(pass.stream(), x, inputOffsets, sequences, width, step, outputOffsets, windows);
        Tensor bias = kernel.bias() == null ? null : kernel.bias().value();
        pass.stream().linear(windows, kernel.weight().packed(), bias, gelu, null, y);
        pass.pop();
    }
}
