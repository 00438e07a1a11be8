package io.tokenwise.op;

import io.tokenwise.autograd.Backward;
import io.tokenwise.autograd.Op;
import io.tokenwise.autograd.Recorder;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Shapes;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.CpuDevice;
import io.tokenwise.kernels.Activation;
import io.tokenwise.tensor.Tensor;

/** {@code y = activation(x)} of each value. */
public final class Activations {
    private Activations() {}

    /** y may be x. */
    public static void forward(Stream stream, Tensor x, Activation activation, Tensor y) {
        Shapes.same("activation", x, y);
        CpuDevice.only(stream, "activation " + activation)
                .operands(x, y, null)
                        .activation(activation)
                        .forValues(x, (o, from, to, _) -> o.kernels.gates().activate(o.a, o.b, o.activation, from, to));
    }

    /** dx may be dy. */
    public static void backward(Stream stream, Tensor x, Activation activation, Tensor dy, Tensor dx) {
        Shapes.same("activationBackward", x, dy);
        Shapes.same("activationBackward", x, dx);
        CpuDevice.only(stream, "activationBackward " + activation)
                .operands(x, dy, dx)
                        .activation(activation)
                        .forValues(x, (o, from, to, _) -> o.kernels
                                .gates()
                                .activateBackward(o.a, o.b, o.c, o.activation, from, to));
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
}
