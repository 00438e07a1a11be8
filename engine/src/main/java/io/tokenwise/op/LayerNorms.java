package io.tokenwise.op;

import io.tokenwise.autograd.Backward;
import io.tokenwise.autograd.Op;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Recorder;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Shapes;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.CpuDevice;
import io.tokenwise.backend.cuda.CudaDevice;
import io.tokenwise.backend.cuda.FormedRows;
import io.tokenwise.backend.cuda.Launches;
import io.tokenwise.tensor.Tensor;

/** Each row brought to mean 0 and variance 1, then {@code * gamma + beta}. */
public final class LayerNorms {
    /** What a block of the kernels that sum over rows takes of a matrix's columns, and its threads. */
    private static final int SUMMED_COLUMNS = 8;

    private static final int SUM_THREADS = 512;

    private LayerNorms() {}

    /** {@code statistics [rows, 2]} may be null; it is what {@link #backward} needs. */
    public static void forward(
            Stream stream, Tensor x, Tensor gamma, Tensor beta, float epsilon, Tensor y, Tensor statistics) {
        Shapes.same("layerNorm", x, y);
        Shapes.vector("layerNorm gamma", gamma, x.columns());
        Shapes.vector("layerNorm beta", beta, x.columns());
        if (statistics != null) {
            Shapes.require("layerNorm statistics", statistics, x.rows(), 2);
        }
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(x, gamma, beta)
                    .d(y)
                    .e(statistics)
                    .value(epsilon)
                    .forRows(
                            x,
                            (o, from, to, _) ->
                                    o.kernels.rows().layerNorm(o.a, o.b, o.c, o.value, o.d, o.e, o.columns, from, to));
        } else {
            onCuda(CudaDevice.of(stream), x, gamma, beta, epsilon, y, statistics);
        }
    }

    /** Training's norms leave no form for products: few of its launches are products of what they normed. */
    private static void onCuda(
            CudaDevice cuda, Tensor x, Tensor gamma, Tensor beta, float epsilon, Tensor y, Tensor statistics) {
        FormedRows rows = cuda.beginForm(y, statistics == null);
        Launches launch = cuda.kernel("layerNorm")
                .tensor(x)
                .tensor(gamma)
                .tensor(beta)
                .floating(epsilon)
                .tensor(y)
                .tensor(statistics);
        rows.tell(launch);
        launch.count(x.rows()).integer(x.columns()).runRows(x.rows());
        cuda.endForm();
    }

    public static void backward(Stream stream, Tensor x, Tensor gamma, Tensor statistics, Tensor dy, Tensor dx) {
        Shapes.same("layerNormBackward", x, dy);
        Shapes.same("layerNormBackward", x, dx);
        Shapes.vector("layerNormBackward gamma", gamma, x.columns());
        Shapes.require("layerNormBackward statistics", statistics, x.rows(), 2);
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(x, gamma, statistics)
                    .d(dy)
                    .e(dx)
                    .forRows(
                            x,
                            (o, from, to, _) ->
                                    o.kernels.rows().layerNormBackward(o.a, o.b, o.c, o.d, o.e, o.columns, from, to));
        } else {
            CudaDevice.of(stream)
                    .kernel("layerNormBackward")
                    .tensor(x)
                    .tensor(gamma)
                    .tensor(statistics)
                    .tensor(dy)
                    .tensor(dx)
                    .integer(x.rows())
                    .integer(x.columns())
                    .runRows(x.rows());
        }
    }

    /** Adds to dGamma and dBeta. */
    public static void parameterGradient(
            Stream stream, Tensor x, Tensor statistics, Tensor dy, Tensor dGamma, Tensor dBeta) {
        Shapes.same("layerNormParameterGradient", x, dy);
        Shapes.require("layerNormParameterGradient statistics", statistics, x.rows(), 2);
        Shapes.vector("layerNormParameterGradient gamma", dGamma, x.columns());
        Shapes.vector("layerNormParameterGradient beta", dBeta, x.columns());
        if (stream.device() instanceof CpuDevice cpu) {
            cpu.operands(x, statistics, dy)
                    .d(dGamma)
                    .e(dBeta)
                    .forColumns(
                            x,
                            (o, from, to, _) -> o.kernels
                                    .rows()
                                    .layerNormParameterGradient(o.a, o.b, o.c, o.d, o.e, o.rows, o.columns, from, to));
        } else {
            CudaDevice cuda = CudaDevice.of(stream);
            cuda.kernel("layerNormParameterGradient")
                    .tensor(x)
                    .tensor(statistics)
                    .tensor(dy)
                    .tensor(dGamma)
                    .tensor(dBeta)
                    .integer(x.rows())
                    .integer(x.columns())
                    .run(Launches.blocks(x.columns(), SUMMED_COLUMNS), SUM_THREADS);
            cuda.wroteGradient(dGamma);
        }
    }

    /** Writes the result to {@code y}, which may come from an outer scope. */
    public static void of(Recorder pass, Tensor x, Parameter gamma, Parameter beta, float epsilon, Tensor y) {
        Tape tape = pass.tape();
        Tensor statistics = tape == null ? null : pass.tensor(x.rows(), 2);
        forward(pass.stream(), x, gamma.value(), beta.value(), epsilon, y, statistics);
        if (tape != null) {
            tape.record(new Taped(x, gamma, beta, statistics, y));
        }
    }

    private record Taped(Tensor x, Parameter gamma, Parameter beta, Tensor statistics, Tensor y) implements Op {
        @Override
        public boolean matters(Tape tape) {
            return tape.tracks(x) || tape.trains(gamma) || tape.trains(beta);
        }

        @Override
        public void backward(Backward to, Tensor dy) {
            if (gamma.trainable() || beta.trainable()) {
                parameterGradient(to.stream(), x, statistics, dy, to.gradientOf(gamma), to.gradientOf(beta));
            }
            if (to.tracks(x)) {
                Tensor dx = to.like(x);
                LayerNorms.backward(to.stream(), x, gamma.value(), statistics, dy, dx);
                to.add(x, dx);
            }
        }
    }
}
