package io.tokenwise.op;

import io.tokenwise.autograd.Backward;
import io.tokenwise.autograd.Op;
import io.tokenwise.autograd.Recorder;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Shapes;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.CpuDevice;
import io.tokenwise.backend.cuda.CudaDevice;
import io.tokenwise.tensor.Tensor;

/** Each row divided by its length. */
public final class Lengths {
    private Lengths() {}

    /** {@code norms [1, rows]} may be null; it is what {@link #backward} needs. */
    public static void forward(Stream stream, Tensor x, Tensor y, Tensor norms) {
        Shapes.same("l2Normalize", x, y);
        if (norms != null) {
            Shapes.vector("l2Normalize norms", norms, x.rows());
        }
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(x, y, norms)
                    .forRows(x, (o, from, to, _) -> o.kernels.rows().l2Normalize(o.a, o.b, o.c, o.columns, from, to));
        } else {
            CudaDevice.of(stream)
                    .kernel("l2Normalize")
                    .tensor(x)
                    .tensor(y)
                    .tensor(norms)
                    .count(x.rows())
                    .integer(x.columns())
                    .runRows(x.rows());
        }
    }

    public static void backward(Stream stream, Tensor y, Tensor norms, Tensor dy, Tensor dx) {
        Shapes.same("l2NormalizeBackward", y, dy);
        Shapes.same("l2NormalizeBackward", y, dx);
        Shapes.vector("l2NormalizeBackward norms", norms, y.rows());
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(y, norms, dy)
                    .d(dx)
                    .forRows(
                            y,
                            (o, from, to, _) ->
                                    o.kernels.rows().l2NormalizeBackward(o.a, o.b, o.c, o.d, o.columns, from, to));
        } else {
            CudaDevice.of(stream)
                    .kernel("l2NormalizeBackward")
                    .tensor(y)
                    .tensor(norms)
                    .tensor(dy)
                    .tensor(dx)
                    .integer(y.rows())
                    .integer(y.columns())
                    .runRows(y.rows());
        }
    }

    public static Tensor of(Recorder pass, Tensor x) {
        Tape tape = pass.tape();
        Tensor y = pass.tensor(x.rows(), x.columns());
        Tensor norms = tape == null ? null : pass.tensor(1, x.rows());
        forward(pass.stream(), x, y, norms);
        if (tape != null) {
            tape.record(new Taped(x, norms, y));
        }
        return y;
    }

    private record Taped(Tensor x, Tensor norms, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dx = to.like(x);
            Lengths.backward(to.stream(), y, norms, dy, dx);
            to.add(x, dx);
        }
    }
}
