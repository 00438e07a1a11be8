package io.tokenwise.op;

import io.tokenwise.autograd.Backward;
import io.tokenwise.autograd.Op;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Recorder;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Shapes;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.CpuDevice;
import io.tokenwise.kernels.RowParts;
import io.tokenwise.tensor.Tensor;

/**
 * {@code y = x / sqrt(mean(x^2) + epsilon) * (gain + plus)} (Zhang and Sennrich 2019) of each row, or of equal parts of each, such as heads: then what lies
 * beside them stays as it is.
 */
public final class RmsNorms {
    private RmsNorms() {}

    /**
     * y may be x.
     *
     * @param gain {@code [1, columns of a part]}
     * @param inverses null, or {@code [rows, parts]} for the reciprocal roots, which the gradient needs
     */
    public static void forward(
            Stream stream,
            Tensor x,
            RowParts parts,
            Tensor gain,
            float plus,
            float epsilon,
            Tensor y,
            Tensor inverses) {
        check("rmsNorm", x, parts, gain, inverses);
        Shapes.same("rmsNorm", x, y);
        CpuDevice.only(stream, "rmsNorm")
                .operands(x, gain, y)
                .d(inverses)
                .parts(parts)
                .value(epsilon)
                .more(plus)
                .forRows(
                        x,
                        (o, from, to, _) ->
                                o.kernels.rows().rmsNorm(o.a, o.parts, o.b, o.more, o.value, o.c, o.d, from, to));
    }

    /** dx may be dy. */
    public static void backward(
            Stream stream, Tensor x, RowParts parts, Tensor gain, float plus, Tensor inverses, Tensor dy, Tensor dx) {
        check("rmsNormBackward", x, parts, gain, inverses);
        Shapes.same("rmsNormBackward", x, dy);
        Shapes.same("rmsNormBackward", x, dx);
        CpuDevice.only(stream, "rmsNormBackward")
                .operands(x, gain, inverses)
                .d(dy)
                .e(dx)
                .parts(parts)
                .more(plus)
                .forRows(
                        x,
                        (o, from, to, _) ->
                                o.kernels.rows().rmsNormBackward(o.a, o.parts, o.b, o.more, o.c, o.d, o.e, from, to));
    }

    /** Adds to the gain's gradient. */
    public static void parameterGradient(
            Stream stream, Tensor x, RowParts parts, Tensor inverses, Tensor dy, Tensor dGain) {
        check("rmsNormParameterGradient", x, parts, dGain, inverses);
        Shapes.same("rmsNormParameterGradient", x, dy);
        CpuDevice.only(stream, "rmsNormParameterGradient")
                .operands(x, inverses, dy)
                .d(dGain)
                .parts(parts)
                .blocks(x.rows())
                .forColumns(
                        dGain,
                        (o, from, to, _) -> o.kernels
                                .rows()
                                .rmsNormParameterGradient(o.a, o.parts, o.b, o.c, o.d, o.blocks, from, to));
    }

    /** Of whole rows, to y. */
    public static void to(
            Recorder pass, Tensor x, RowParts whole, Parameter gain, float plus, float epsilon, Tensor y) {
        record(pass, x, whole, gain, plus, epsilon, y);
    }

    /** Of parts of rows: in inference in place. */
    public static Tensor of(Recorder pass, Tensor x, RowParts parts, Parameter gain, float plus, float epsilon) {
        Tensor y = x;
        if (pass.tape() != null) {
            y = pass.tensor(x.rows(), x.columns());
            pass.stream().copy(x, y);
        }
        record(pass, x, parts, gain, plus, epsilon, y);
        return y;
    }

    private static void record(
            Recorder pass, Tensor x, RowParts parts, Parameter gain, float plus, float epsilon, Tensor y) {
        Tensor inverses = pass.tape() == null ? null : pass.tensor(x.rows(), parts.parts());
        forward(pass.stream(), x, parts, gain.value(), plus, epsilon, y, inverses);
        if (pass.tape() != null) {
            pass.tape().record(new Taped(x, parts, gain, plus, inverses, y));
        }
    }

    private record Taped(Tensor x, RowParts parts, Parameter gain, float plus, Tensor inverses, Tensor y)
            implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x) || tape.trains(gain);
        }

        /** What lies beside the parts has dy for its gradient: so dx begins as that. */
        @Override
        public void backward(Backward to, Tensor dy) {
            if (gain.trainable()) {
                parameterGradient(to.stream(), x, parts, inverses, dy, to.gradientOf(gain));
            }
            if (to.tracks(x)) {
                RmsNorms.backward(to.stream(), x, parts, gain.value(), plus, inverses, dy, dy);
                to.add(x, dy);
            }
        }
    }

    private static void check(String operation, Tensor x, RowParts parts, Tensor gain, Tensor inverses) {
        Shapes.require(operation, gain, 1, parts.columns());
        if (inverses != null) {
            Shapes.require(operation, inverses, x.rows(), parts.parts());
        }
        int end = parts.first() + parts.parts() * parts.columns();
        if (parts.stride() != x.columns() || parts.first() < 0 || end > x.columns()) {
            throw new IllegalArgumentException(operation + ": " + x.shape() + " does not have " + parts.parts()
                    + " parts of " + parts.columns() + " columns from column " + parts.first() + " on");
        }
    }
}
