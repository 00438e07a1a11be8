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

/** The softmax of each row. */
public final class Softmaxes {
    private Softmaxes() {}

    public static void forward(Stream stream, Tensor x, Tensor y) {
        Shapes.same("softmax", x, y);
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(x, y, null)
                    .forRows(x, (o, from, to, _) -> o.kernels.rows().softmax(o.a, o.b, o.columns, from, to));
        } else {
            CudaDevice.of(stream)
                    .kernel("softmax")
                    .tensor(x)
                    .tensor(y)
                    .count(x.rows())
                    .integer(x.columns())
                    .runRows(x.rows());
        }
    }

    public static void backward(Stream stream, Tensor y, Tensor dy, Tensor dx) {
        Shapes.same("softmaxBackward", y, dy);
        Shapes.same("softmaxBackward", y, dx);
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(y, dy, dx)
                    .forRows(
                            y,
                            (o, from, to, _) -> o.kernels.rows().softmaxBackward(o.a, o.b, o.c, o.columns, from, to));
        } else {
            CudaDevice.of(stream)
                    .kernel("softmaxBackward")
                    .tensor(y)
                    .tensor(dy)
                    .tensor(dx)
                    .integer(y.rows())
                    .integer(y.columns())
                    .runRows(y.rows());
        }
    }

    public static Tensor of(Recorder pass, Tensor x) {
        Tensor y = pass.tensor(x.rows(), x.columns());
        forward(pass.stream(), x, y);
        if (pass.tape() != null) {
            pass.tape().record(new Taped(x, y));
        }
        return y;
    }

    private record Taped(Tensor x, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dx = to.like(x);
            Softmaxes.backward(to.stream(), y, dy, dx);
            to.add(x, dx);
        }
    }
}
