package io.tokenwise.op;

import io.tokenwise.autograd.Backward;
import io.tokenwise.autograd.Op;
import io.tokenwise.autograd.Recorder;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Shapes;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.CpuDevice;
import io.tokenwise.backend.cuda.CudaDevice;
import io.tokenwise.kernels.Activation;
import io.tokenwise.tensor.Tensor;

/** Functions of single values. */
public final class Activations {
    private Activations() {}

    /** Erf-GELU. */
    public static void gelu(Stream stream, Tensor x, Tensor y) {
        Shapes.same("gelu", x, y);
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(x, y, null)
                    .forValues(x, (o, from, to, _) -> o.kernels.elementwise().gelu(o.a, o.b, from, to));
        } else {
            CudaDevice.of(stream)
                    .kernel("geluForward")
                    .tensor(x)
                    .tensor(y)
                    .count(x.size())
                    .runValues(x);
        }
    }

    /** {@code dx = dy * gelu'(x)}. */
    public static void geluBackward(Stream stream, Tensor x, Tensor dy, Tensor dx) {
        Shapes.same("geluBackward", x, dy);
        Shapes.same("geluBackward", x, dx);
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(x, dy, dx)
                    .forValues(x, (o, from, to, _) -> o.kernels.elementwise().geluBackward(o.a, o.b, o.c, from, to));
        } else {
            CudaDevice.of(stream)
                    .kernel("geluBackward")
                    .tensor(x)
                    .tensor(dy)
                    .tensor(dx)
                    .integer(x.size())
                    .runValues(x);
        }
    }

    /** {@code y = activation(x)}; y may be x. */
    public static void forward(Stream stream, Tensor x, Activation activation, Tensor y) {
        if (activation == Activation.GELU) {
            gelu(stream, x, y);
            return;
        }
        if (activation == Activation.TANH) {
            tanh(stream, x, y);
            return;
        }
        Shapes.same("activation", x, y);
        CpuDevice.only(stream, "activation " + activation)
                .operands(x, y, null)
                .activation(activation)
                .forValues(x, (o, from, to, _) -> o.kernels.gates().activate(o.a, o.b, o.activation, from, to));
    }

    /** {@code dx = dy * activation'(x)}; dx may be dy. */
    public static void backward(Stream stream, Tensor x, Activation activation, Tensor dy, Tensor dx) {
        if (activation == Activation.GELU) {
            geluBackward(stream, x, dy, dx);
            return;
        }
        Shapes.same("activationBackward", x, dy);
        Shapes.same("activationBackward", x, dx);
        CpuDevice.only(stream, "activation " + activation)
                .operands(x, dy, dx)
                .activation(activation)
                .forValues(
                        x,
                        (o, from, to, _) -> o.kernels.gates().activateBackward(o.a, o.b, o.c, o.activation, from, to));
    }

    public static Tensor gelu(Recorder pass, Tensor x) {
        return of(pass, x, Activation.GELU);
    }

    public static Tensor of(Recorder pass, Tensor x, Activation activation) {
        Tensor y = pass.tensor(x.rows(), x.columns());
        forward(pass.stream(), x, activation, y);
        if (pass.tape() != null) {
            pass.tape().record(new Taped(x, activation, y));
        }
        return y;
    }

    private record Taped(Tensor x, Activation activation, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dx = to.like(x);
            Activations.backward(to.stream(), x, activation, dy, dx);
            to.add(x, dx);
        }
    }

    public static void tanh(Stream stream, Tensor x, Tensor y) {
        Shapes.same("tanh", x, y);
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(x, y, null)
                    .activation(Activation.TANH)
                    .forValues(x, (o, from, to, _) -> o.kernels.gates().activate(o.a, o.b, o.activation, from, to));
        } else {
            CudaDevice.of(stream)
                    .kernel("tanhValues")
                    .tensor(x)
                    .tensor(y)
                    .count(x.size())
                    .runValues(x);
        }
    }
}
