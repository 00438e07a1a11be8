package io.tokenwise.op;

import io.tokenwise.autograd.Backward;
import io.tokenwise.autograd.Op;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Recorder;
import io.tokenwise.autograd.Tape;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.Shapes;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.CpuDevice;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.List;

/**
 * A convolution along sequences that keeps their rows, of columns in groups that do not mix: row r is a product of the {@code width} rows from row {@code r -
 * width / 2} on, those outside of the sequence 0. Only one group's windows are there at a time.
 */
public final class GroupedConvolutions {
    private static final String NAME = "groupedConvolution";

    private GroupedConvolutions() {}

    /** The windows of one group, {@code [rows, width * count]}: {@code count} columns of x from column {@code first} on. */
    private static void windows(Stream stream, Tensor x, int[] offsets, int first, int width, int count, Tensor y) {
        CpuDevice.only(stream, NAME)
                .operands(x, y, null)
                .offsets(offsets)
                .first(first)
                .blocks(count)
                .rows(width)
                .forRows(
                        x,
                        (o, from, to, _) -> o.kernels
                                .speech()
                                .paddedWindows(o.a, o.offsets, o.columns, o.first, o.blocks, o.rows, o.b, from, to));
    }

    /** Their gradient: writes the group's columns of dx. */
    private static void windowsBackward(
            Stream stream, Tensor dy, int[] offsets, int first, int width, int count, Tensor dx) {
        CpuDevice.only(stream, NAME)
                .operands(dy, dx, null)
                .offsets(offsets)
                .first(first)
                .blocks(count)
                .rows(width)
                .forRows(
                        dx,
                        (o, from, to, _) -> o.kernels
                                .speech()
                                .paddedWindowsBackward(
                                        o.a, o.offsets, o.columns, o.first, o.blocks, o.rows, o.b, from, to));
    }

    /** Columns of x from one column on to those of y from another on: as many as the narrower of the two has. */
    private static void copyColumns(Stream stream, Tensor x, int from, Tensor y, int to) {
        CpuDevice.only(stream, NAME)
                .operands(x, y, null)
                .first(from)
                .rows(to)
                .blocks(y.columns())
                .forRows(
                        x,
                        (o, first, last, _) -> o.kernels
                                .speech()
                                .copyColumns(
                                        o.a,
                                        o.columns,
                                        o.first,
                                        o.b,
                                        o.blocks,
                                        o.rows,
                                        Math.min(o.columns, o.blocks),
                                        first,
                                        last));
    }

    /**
     * {@code [rows, columns]}.
     *
     * @param kernels of each group in turn, {@code [width * columns / groups, columns / groups]}
     * @param biases of each group in turn, {@code [1, columns / groups]}
     */
    public static Tensor of(
            Recorder pass,
            Tensor x,
            int[] offsets,
            int sequences,
            int width,
            List<Weight> kernels,
            List<Parameter> biases) {
        Shapes.offsets(NAME, offsets, sequences, x.rows());
        int count = columnsOfGroup(x, width, kernels);
        Tensor y = pass.tensor(x.rows(), x.columns());
        Tape tape = pass.tape();
        if (tape != null) {
            prepare(pass.stream(), kernels);
        }
        Stream stream = pass.stream();
        Workspace workspace = pass.workspace();
        // With a tape too: the windows are made again when they are needed.
        workspace.push();
        Tensor windows = pass.tensor(x.rows(), width * count);
        Tensor group = pass.tensor(x.rows(), count);
        for (int i = 0; i < kernels.size(); i++) {
            windows(stream, x, offsets, i * count, width, count, windows);
            stream.linear(windows, kernels.get(i).packed(), biases.get(i).value(), false, null, group);
            copyColumns(stream, group, 0, y, i * count);
        }
        workspace.pop();
        if (tape != null) {
            tape.record(new Taped(x, offsets, width, kernels, biases, y));
        }
        return y;
    }

    /**
     * Packs the kernels of all groups.
     *
     * @throws UnsupportedOperationException on a device
     */
    public static void prepare(Stream stream, List<Weight> kernels) {
        CpuDevice.only(stream, NAME);
        kernels.forEach(kernel -> kernel.prepare(stream));
    }

    private static int columnsOfGroup(Tensor x, int width, List<Weight> kernels) {
        int count = x.columns() / kernels.size();
        Weight first = kernels.getFirst();
        if (count * kernels.size() != x.columns() || first.inputs() != width * count || first.outputs() != count) {
            throw new IllegalArgumentException(NAME + ": " + kernels.size() + " kernels of [" + first.inputs() + ", "
                    + first.outputs() + "] are none for windows of " + width + " rows of " + x.shape());
        }
        return count;
    }

    private record Taped(Tensor x, int[] offsets, int width, List<Weight> kernels, List<Parameter> biases, Tensor y)
            implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x)
                    || kernels.stream().anyMatch(kernel -> tape.trains(kernel.parameter()))
                    || biases.stream().anyMatch(tape::trains);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Stream stream = to.stream();
            Tensor dx = to.like(x);
            int count = x.columns() / kernels.size();
            to.workspace().push();
            Tensor windows = to.workspace().tensor(x.rows(), width * count);
            Tensor group = to.workspace().tensor(x.rows(), count);
            for (int i = 0; i < kernels.size(); i++) {
                copyColumns(stream, dy, i * count, group, 0);
                Weight kernel = kernels.get(i);
                if (kernel.parameter().trainable()) {
                    windows(stream, x, offsets, i * count, width, count, windows);
                    stream.weightGradient(windows, group, to.workspace(), to.gradientOf(kernel.parameter()));
                }
                if (to.tape().trains(biases.get(i))) {
                    Sums.addColumns(stream, group, to.gradientOf(biases.get(i)));
                }
                if (to.tracks(x)) {
                    stream.linear(group, kernel.prepareTransposed(stream), null, false, null, windows);
                    windowsBackward(stream, windows, offsets, i * count, width, count, dx);
                }
            }
            to.workspace().pop();
            to.addIfTracked(x, dx);
        }
    }
}
