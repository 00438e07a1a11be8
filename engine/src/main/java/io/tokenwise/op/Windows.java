package io.tokenwise.op;

import io.tokenwise.autograd.Backward;
import io.tokenwise.autograd.Op;
import io.tokenwise.autograd.Recorder;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Shapes;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.CpuDevice;
import io.tokenwise.backend.cuda.Bucket;
import io.tokenwise.backend.cuda.CudaDevice;
import io.tokenwise.kernels.Floats;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** What speech models do before their encoder. Of it windows alone have a gradient. */
public final class Windows {
    /** Values of a sequence of which a block of groupNormParts takes the mean and the variance. */
    private static final int GROUP_PART = 8_192;

    private static final int BLOCK = 256;

    private Windows() {}

    /** {@code y[i, 0]} is the float whose bits are {@code values[i]}. */
    public static void samples(Stream stream, int[] values, Tensor y) {
        if (values.length < y.rows()) {
            throw new IllegalArgumentException("samples: " + values.length + " values do not fill " + y.shape());
        }
        Shapes.require("samples", y, y.rows(), 1);
        if (stream.device() instanceof CpuDevice cpu) {
            Floats target = cpu.floats(y);
            MemorySegment.copy(values, 0, target.segment(), ValueLayout.JAVA_INT, target.offset(), y.rows());
        } else {
            CudaDevice.of(stream)
                    .kernel("copyValues")
                    .ints(values, y.rows())
                    .tensor(y)
                    .count(y.rows())
                    .runValues(y);
        }
    }

    /** The first so many values, {@code [count, 1]}. */
    public static Tensor samples(Recorder pass, int[] values, int count) {
        Tensor y = pass.tensor(count, 1);
        samples(pass.stream(), values, y);
        return y;
    }

    /**
     * What a convolution multiplies: for each sequence of the rows of x the windows of {@code width} rows, one every {@code step} rows, each as a row of y.
     *
     * @param yOffsets those of y's rows
     */
    public static void forward(
            Stream stream, Tensor x, int[] offsets, int sequences, int width, int step, int[] yOffsets, Tensor y) {
        check(x, offsets, sequences, width, step, yOffsets, y);
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(x, y, null)
                    .integers(yOffsets)
                    .rows(width)
                    .blocks(step)
                    .forSequences(
                            x,
                            offsets,
                            sequences,
                            (o, from, to, _) -> o.kernels
                                    .speech()
                                    .windows(o.a, o.offsets, o.columns, o.rows, o.blocks, o.b, o.integers, from, to));
        } else {
            CudaDevice.of(stream)
                    .kernel("windows")
                    .tensor(x)
                    .offsets(offsets, sequences)
                    .offsets(yOffsets, sequences)
                    .integer(Bucket.of(sequences))
                    .integer(width)
                    .integer(step)
                    .tensor(y)
                    .count(y.rows())
                    .integer(x.columns())
                    .runRows(y.rows());
        }
    }

    /** Gradient of {@link #forward}: each row of dx is the sum of what the windows that hold it have in its place. */
    public static void backward(
            Stream stream, Tensor dy, int[] yOffsets, int sequences, int width, int step, int[] offsets, Tensor dx) {
        check(dx, offsets, sequences, width, step, yOffsets, dy);
        CpuDevice.only(stream, "the gradient of windows")
                .operands(dy, dx, null)
                .integers(yOffsets)
                .rows(width)
                .blocks(step)
                .forSequences(
                        dx,
                        offsets,
                        sequences,
                        (o, from, to, _) -> o.kernels
                                .speech()
                                .windowsBackward(
                                        o.a, o.integers, o.columns, o.rows, o.blocks, o.b, o.offsets, from, to));
    }

    /** {@code [windows, width * columns]}. */
    public static Tensor of(
            Recorder pass, Tensor x, int[] offsets, int sequences, int width, int step, int[] yOffsets) {
        Tensor y = pass.tensor(yOffsets[sequences], width * x.columns());
        forward(pass.stream(), x, offsets, sequences, width, step, yOffsets, y);
        if (pass.tape() != null) {
            pass.tape().record(new Taped(x, offsets, sequences, width, step, yOffsets, y));
        }
        return y;
    }

    private record Taped(Tensor x, int[] offsets, int sequences, int width, int step, int[] yOffsets, Tensor y)
            implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dx = to.like(x);
            Windows.backward(to.stream(), dy, yOffsets, sequences, width, step, offsets, dx);
            to.add(x, dx);
        }
    }

    private static void check(Tensor x, int[] offsets, int sequences, int width, int step, int[] yOffsets, Tensor y) {
        Shapes.offsets("windows", offsets, sequences, x.rows());
        Shapes.offsets("windows of", yOffsets, sequences, y.rows());
        Shapes.require("windows", y, y.rows(), width * x.columns());
        for (int i = 0; i < sequences; i++) {
            int count = yOffsets[i + 1] - yOffsets[i];
            int rows = offsets[i + 1] - offsets[i];
            if ((count - 1) * (long) step + width > rows) {
                throw new IllegalArgumentException("windows: " + count + " windows of " + width + " rows, one every "
                        + step + ", are more than sequence " + i + " of " + rows + " rows has");
            }
        }
    }

    /** All values of a sequence brought to mean 0 and variance 1, then {@code * gamma + beta} by columns. y may be x. */
    public static void groupNorm(
            Stream stream, Tensor x, int[] offsets, int sequences, Tensor gamma, Tensor beta, float epsilon, Tensor y) {
        Shapes.offsets("groupNorm", offsets, sequences, x.rows());
        Shapes.same("groupNorm", x, y);
        Shapes.vector("groupNorm gamma", gamma, x.columns());
        Shapes.vector("groupNorm beta", beta, x.columns());
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(x, gamma, beta)
                    .d(y)
                    .value(epsilon)
                    .forSequences(
                            x,
                            offsets,
                            sequences,
                            (o, from, to, _) -> o.kernels
                                    .speech()
                                    .groupNorm(o.a, o.offsets, o.b, o.c, o.value, o.d, o.columns, from, to));
        } else {
            groupNormOnCuda(CudaDevice.of(stream), x, offsets, sequences, gamma, beta, epsilon, y);
        }
    }

    private static void groupNormOnCuda(
            CudaDevice cuda,
            Tensor x,
            int[] offsets,
            int sequences,
            Tensor gamma,
            Tensor beta,
            float epsilon,
            Tensor y) {
        long most = (long) CudaDevice.longest(offsets, sequences) * x.columns();
        int maxParts = Bucket.powerOfTwo(Math.toIntExact(Math.ceilDiv(most, GROUP_PART)));
        int groups = Bucket.of(sequences);
        long parts = cuda.scratch(2L * groups * maxParts * Float.BYTES);
        cuda.kernel("groupNormParts")
                .tensor(x)
                .offsets(offsets, sequences)
                .pointer(parts)
                .integer(x.columns())
                .run(maxParts, groups, 1, BLOCK, 0);
        cuda.kernel("groupNorm")
                .tensor(x)
                .offsets(offsets, sequences)
                .pointer(parts)
                .tensor(gamma)
                .tensor(beta)
                .floating(epsilon)
                .tensor(y)
                .integer(x.columns())
                .run(maxParts, groups, 1, BLOCK, 0);
    }
}
