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

/** {@code y = x_1 * act(x_2)} for each block {@code [x_1, x_2]} of {@code 2 * units} columns of x; y has half of x's columns. */
public final class GatedUnits {
    private GatedUnits() {}

    public static void forward(Stream stream, Tensor x, Activation gate, int units, Tensor y) {
        check("gatedUnits", x, units, y);
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(x, y, null)
                    .activation(gate)
                    .forBlocks(
                            y,
                            units,
                            (o, from, to, _) -> o.kernels.gates().gated(o.a, o.b, o.activation, o.columns, from, to));
        } else {
            onlySilu("gatedUnits", gate);
            CudaDevice.of(stream)
                    .kernel("gatedSilu")
                    .tensor(x)
                    .tensor(y)
                    .count(y.size())
                    .integer(units)
                    .runValues(y);
        }
    }

    public static void backward(Stream stream, Tensor x, Activation gate, int units, Tensor dy, Tensor dx) {
        check("gatedUnitsBackward", x, units, dy);
        Shapes.same("gatedUnitsBackward", x, dx);
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(x, dy, dx)
                    .activation(gate)
                    .forBlocks(
                            dy,
                            units,
                            (o, from, to, _) ->
                                    o.kernels.gates().gatedBackward(o.a, o.b, o.c, o.activation, o.columns, from, to));
        } else {
            onlySilu("gatedUnitsBackward", gate);
            CudaDevice.of(stream)
                    .kernel("gatedSiluBackward")
                    .tensor(x)
                    .tensor(dy)
                    .tensor(dx)
                    .integer(dy.size())
                    .integer(units)
                    .runValues(dy);
        }
    }

    public static Tensor of(Recorder pass, Tensor x, Activation gate, int units) {
        Tensor y = pass.tensor(x.rows(), x.columns() / 2);
        forward(pass.stream(), x, gate, units, y);
        if (pass.tape() != null) {
            pass.tape().record(new Taped(x, gate, units, y));
        }
        return y;
    }

    private record Taped(Tensor x, Activation gate, int units, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            Tensor dx = to.like(x);
            GatedUnits.backward(to.stream(), x, gate, units, dy, dx);
            to.add(x, dx);
        }
    }

    private static void onlySilu(String operation, Activation gate) {
        if (gate != Activation.SILU) {
            throw new UnsupportedOperationException(operation + ": " + gate + " runs on the CPU only so far");
        }
    }

    private static void check(String operation, Tensor x, int units, Tensor y) {
        Shapes.require(operation, x, y.rows(), 2 * y.columns());
        if (units < 1 || y.columns() % units != 0) {
            throw new IllegalArgumentException(
                    operation + ": " + y.shape() + " is not cut into blocks of " + units + " columns");
        }
    }
}
