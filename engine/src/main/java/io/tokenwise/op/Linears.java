package io.tokenwise.op;

import io.tokenwise.autograd.Backward;
import io.tokenwise.autograd.Op;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Recorder;
import io.tokenwise.autograd.Tape;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;

/** Products with a weight; those without a tape are {@link Stream#linear}. */
public final class Linears {
    private Linears() {}

    /** {@code act(x W + bias) + residual}: act is erf-GELU or nothing; bias and residual may be null. */
    public static Tensor of(Recorder pass, Tensor x, Weight weight, Parameter bias, boolean gelu, Tensor residual) {
        Stream stream = pass.stream();
        Tensor biasValue = bias == null ? null : bias.value();
        Tensor y = pass.tensor(x.rows(), weight.outputs());
        if (pass.tape() == null) {
            stream.linear(x, weight.packed(), biasValue, gelu, residual, y);
            return y;
        }
        stream.linear(x, weight.prepare(stream), biasValue, false, null, y);
        pass.tape().record(new Taped(x, weight, bias, y));
        if (gelu) {
            y = Activations.gelu(pass, y);
        }
        return residual == null ? y : Sums.of(pass, y, residual);
    }

    private record Taped(Tensor x, Weight weight, Parameter bias, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x) || tape.trains(weight.parameter()) || tape.trains(bias);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            if (to.tracks(x)) {
                Tensor dx = to.like(x);
                to.stream().linear(dy, weight.prepareTransposed(to.stream()), null, false, null, dx);
                to.add(x, dx);
            }
            if (weight.parameter().trainable()) {
                to.stream().weightGradient(x, dy, to.workspace(), to.gradientOf(weight.parameter()));
            }
            if (to.tape().trains(bias)) {
                Sums.addColumns(to.stream(), dy, to.gradientOf(bias));
            }
        }
    }

    /** {@code x W^T}. */
    public static Tensor transposed(Recorder pass, Tensor x, Weight weight) {
        Stream stream = pass.stream();
        Tape tape = pass.tape();
        Tensor y = pass.tensor(x.rows(), weight.inputs());
        stream.linear(x, tape == null ? weight.transposed() : weight.prepareTransposed(stream), null, false, null, y);
        if (tape != null) {
            tape.record(new TapedTransposed(x, weight, y));
        }
        return y;
    }

    private record TapedTransposed(Tensor x, Weight weight, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x) || tape.trains(weight.parameter());
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            if (to.tracks(x)) {
                Tensor dx = to.like(x);
                to.stream().linear(dy, weight.prepare(to.stream()), null, false, null, dx);
                to.add(x, dx);
            }
            if (weight.parameter().trainable()) {
                to.stream().weightGradient(dy, x, to.workspace(), to.gradientOf(weight.parameter()));
            }
        }
    }
}
