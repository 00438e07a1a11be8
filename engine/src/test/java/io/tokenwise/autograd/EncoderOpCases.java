package io.tokenwise.autograd;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import io.tokenwise.autograd.OpCase.Operand;
import io.tokenwise.kernels.Activation;
import io.tokenwise.kernels.RowParts;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Activations;
import io.tokenwise.op.GatedUnits;
import io.tokenwise.op.RmsNorms;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** The differentiable operations that encoders after BERT have besides its own. */
final class EncoderOpCases {
    private static final float EPSILON = 1e-3f;
    private static final Activation[] OTHERS = {Activation.GELU, Activation.GELU_TANH, Activation.RELU};

    private EncoderOpCases() {}

    /** One value to 17, primes among them. */
    static List<OpCase> tiny() {
        var cases = new ArrayList<OpCase>();
        int[][] shapes = {{1, 1, 1}, {2, 3, 5}, {5, 1, 7}, {1, 17, 2}, {7, 11, 13}, {17, 16, 17}};
        for (int[] s : shapes) {
            cases.addAll(norms(s[0], s[1], s[2]));
            cases.addAll(gates(s[0], s[1], s[2]));
        }
        return cases;
    }

    static List<OpCase> real() {
        var cases = new ArrayList<OpCase>();
        for (int tokens : new int[] {7, 128, 300}) {
            cases.addAll(norms(tokens, 6, 64));
            cases.addAll(gates(tokens, 1, 1152));
        }
        return cases;
    }

    private static List<OpCase> norms(int rows, int heads, int size) {
        int columns = heads * size;
        Operand x = Operand.tensor(rows, columns);
        // One head before them, one behind.
        Operand wide = Operand.tensor(rows, columns + 2 * size);
        var parts = new RowParts(columns + 2 * size, size, heads, size);
        int longest = rows * heads + columns;
        return List.of(
                OpCases.op(
                        "rmsNorm " + x,
                        List.of(x, Operand.parameter(1, columns)),
                        longest,
                        (pass, o) -> {
                            Tensor y = pass.tensor(rows, columns);
                            RmsNorms.to(pass, o.tensor(0), RowParts.whole(columns), o.parameter(1), 0, EPSILON, y);
                            return y;
                        },
                        m -> norm(m.get(0), RowParts.whole(columns), m.get(1), 0),
                        t -> norm(t.get(0)).mul(t.get(1))),
                OpCases.op(
                        "rmsNorm of heads " + wide,
                        List.of(wide, Operand.parameter(1, size)),
                        longest,
                        (pass, o) -> RmsNorms.of(pass, o.tensor(0), parts, o.parameter(1), 1, EPSILON),
                        m -> norm(m.get(0), parts, m.get(1), 1),
                        t -> headNorm(t, rows, heads, size)));
    }

    private static Matrix norm(Matrix x, RowParts parts, Matrix gain, double plus) {
        Matrix y = x.plus(0, x);
        for (int row = 0; row < x.rows(); row++) {
            for (int part = 0; part < parts.parts(); part++) {
                int first = parts.first() + part * parts.columns();
                double squares = 0;
                for (int c = first; c < first + parts.columns(); c++) {
                    squares += x.get(row, c) * x.get(row, c);
                }
                double root = Math.sqrt(squares / parts.columns() + EPSILON);
                for (int c = 0; c < parts.columns(); c++) {
                    y.set(row, first + c, x.get(row, first + c) / root * (gain.get(0, c) + plus));
                }
            }
        }
        return y;
    }

    private static NDArray norm(NDArray x) {
        return x.div(x.square().mean(new int[] {-1}, true).add(EPSILON).sqrt());
    }

    private static NDArray headNorm(NDList t, int rows, int heads, int size) {
        NDArray parts = t.get(0).reshape(rows, heads + 2L, size);
        NDArray normed = norm(parts.get(new NDIndex(":, 1:{}", heads + 1))).mul(t.get(1).add(1));
        return NDArrays.concat(
                        new NDList(parts.get(new NDIndex(":, 0:1")), normed, parts.get(new NDIndex(":, {}:", heads + 1))),
                        1)
                .reshape(rows, (heads + 2L) * size);
    }

    private static List<OpCase> gates(int rows, int blocks, int units) {
        var cases = new ArrayList<OpCase>();
        for (Activation activation : Activation.values()) {
            Operand x = Operand.tensor(rows, blocks * units);
            cases.add(OpCases.op(
                    activation + " " + x,
                    List.of(x),
                    2,
                    (pass, o) -> Activations.of(pass, o.tensor(0), activation),
                    m -> Matrix.fill(
                            rows, blocks * units, i -> value(activation, m.getFirst().values()[i])),
                    t -> value(activation, t.getFirst())));
        }
        for (Activation gate : OTHERS) {
            Operand x = Operand.tensor(rows, blocks * 2 * units);
            cases.add(OpCases.op(
                    "gated by " + gate + " " + x + " by " + units,
                    List.of(x),
                    2,
                    (pass, o) -> GatedUnits.of(pass, o.tensor(0), gate, units),
                    m -> Matrix.fill(rows, blocks * units, i -> {
                        int up = i / units * 2 * units + i % units;
                        double[] values = m.getFirst().values();
                        return values[up] * value(gate, values[up + units]);
                    }),
                    t -> {
                        NDArray both = t.getFirst().reshape((long) rows * blocks, 2, units);
                        return both.get(new NDIndex(":, 0"))
                                .mul(value(gate, both.get(new NDIndex(":, 1"))))
                                .reshape(rows, (long) blocks * units);
                    }));
        }
        return cases;
    }

    private static double value(Activation activation, double x) {
        return switch (activation) {
            case GELU -> x * (1 + Reference.erf(x / Math.sqrt(2))) / 2;
            case GELU_TANH -> x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))) / 2;
            case SILU -> x / (1 + Math.exp(-x));
            case RELU -> Math.max(x, 0);
        };
    }

    private static NDArray value(Activation activation, NDArray x) {
        return switch (activation) {
            case GELU -> ai.djl.nn.Activation.gelu(x);
            case GELU_TANH ->
                x.pow(3).mul(0.044715).add(x).mul(Math.sqrt(2 / Math.PI)).tanh().add(1).mul(x).div(2);
            case SILU -> x.div(x.neg().exp().add(1));
            case RELU -> ai.djl.nn.Activation.relu(x);
        };
    }
}
