package io.tokenwise.op;

import io.tokenwise.autograd.Matrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Pass;
import io.tokenwise.op.OpCase.Bound;
import io.tokenwise.op.OpCase.Operand;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Operations whose result takes the place of an operand. */
final class InPlaceCases {
    private InPlaceCases() {}

    /** None, one, less than a warp, not a multiple of anything, more than one block of rows or values, and a real model's. */
    static List<OpCase> all() {
        var cases = new ArrayList<OpCase>();
        for (int[] s : new int[][] {{0, 5}, {1, 1}, {3, 7}, {5, 129}, {2, 1537}, {130, 384}}) {
            cases.addAll(inPlace(s[0], s[1]));
        }
        return cases;
    }

    /** Where the result takes the place of the first operand. */
    @FunctionalInterface
    private interface InPlace {
        void run(Stream stream, Bound operands, Pass pass);
    }

    private static OpCase inPlace(
            String name, List<Operand> operands, int terms, InPlace op, Function<List<Matrix>, Matrix> reference) {
        return OpCase.forward(
                name + " in place " + operands.getFirst(),
                operands,
                terms,
                (pass, o) -> {
                    op.run(pass.stream(), o, pass);
                    return o.tensor(0);
                },
                reference);
    }

    private static List<OpCase> inPlace(int rows, int columns) {
        Operand x = Operand.constant(rows, columns);
        Operand vector = Operand.constant(1, columns);
        float epsilon = 1e-2f;
        return List.of(
                inPlace(
                        "gelu",
                        List.of(x),
                        1,
                        (stream, o, _) -> Activations.gelu(stream, o.tensor(0), o.tensor(0)),
                        m -> Reference.gelu(m.getFirst())),
                inPlace(
                        "geluBackward",
                        List.of(x, x.times(4)),
                        4,
                        (stream, o, _) -> Activations.geluBackward(stream, o.tensor(1), o.tensor(0), o.tensor(0)),
                        m -> Matrix.fill(rows, columns, i -> {
                            double at = m.get(1).values()[i];
                            double density = Math.exp(-at * at / 2) / Math.sqrt(2 * Math.PI);
                            double below = (1 + Reference.erf(at / Math.sqrt(2))) / 2;
                            return m.get(0).values()[i] * (below + at * density);
                        })),
                inPlace(
                        "add",
                        List.of(x, x),
                        1,
                        (stream, o, _) -> stream.add(o.tensor(0), o.tensor(1), o.tensor(0)),
                        m -> m.get(0).plus(1, m.get(1))),
                inPlace(
                        "layerNorm",
                        List.of(x, vector, vector),
                        columns,
                        (stream, o, _) -> LayerNorms.forward(
                                stream, o.tensor(0), o.tensor(1), o.tensor(2), epsilon, o.tensor(0), null),
                        m -> Reference.layerNorm(m.get(0), m.get(1), m.get(2), epsilon)),
                inPlace(
                        "layerNormBackward",
                        List.of(x, x, vector, vector),
                        columns,
                        (stream, o, pass) -> {
                            Tensor statistics = pass.tensor(rows, 2);
                            Tensor y = pass.tensor(rows, columns);
                            LayerNorms.forward(stream, o.tensor(1), o.tensor(2), o.tensor(3), epsilon, y, statistics);
                            LayerNorms.backward(stream, o.tensor(1), o.tensor(2), statistics, o.tensor(0), o.tensor(0));
                        },
                        m -> layerNormSlopes(m, epsilon)),
                inPlace(
                        "softmax",
                        List.of(x.times(12)),
                        12 * columns,
                        (stream, o, _) -> Softmaxes.forward(stream, o.tensor(0), o.tensor(0)),
                        m -> Reference.softmax(m.getFirst())),
                inPlace(
                        "softmaxBackward",
                        List.of(x, x),
                        columns,
                        (stream, o, _) -> Softmaxes.backward(stream, o.tensor(1), o.tensor(0), o.tensor(0)),
                        m -> Matrix.fill(rows, columns, i -> {
                            double sum = 0;
                            for (int c = 0; c < columns; c++) {
                                sum += m.get(0).get(i / columns, c) * m.get(1).get(i / columns, c);
                            }
                            return m.get(1).values()[i] * (m.get(0).values()[i] - sum);
                        })),
                inPlace(
                        "l2Normalize",
                        List.of(x),
                        columns,
                        (stream, o, _) -> Lengths.forward(stream, o.tensor(0), o.tensor(0), null),
                        m -> Reference.l2Normalize(m.getFirst())));
    }

    /** {@code (dy g - mean(dy g) - n mean(n dy g)) / deviation} of each row, n being x normed (Ba, Kiros and Hinton 2016). */
    private static Matrix layerNormSlopes(List<Matrix> m, double epsilon) {
        Matrix x = m.get(1);
        Matrix ones = Matrix.fill(1, x.columns(), _ -> 1);
        Matrix normed = Reference.layerNorm(x, ones, Matrix.zeros(1, x.columns()), epsilon);
        Matrix dx = Matrix.zeros(x.rows(), x.columns());
        for (int row = 0; row < x.rows(); row++) {
            double mean = 0;
            double squares = 0;
            double slope = 0;
            double alongNormed = 0;
            for (int c = 0; c < x.columns(); c++) {
                double dy = m.get(0).get(row, c) * m.get(2).get(0, c) / x.columns();
                mean += x.get(row, c) / x.columns();
                squares += x.get(row, c) * x.get(row, c) / x.columns();
                slope += dy;
                alongNormed += dy * normed.get(row, c);
            }
            double deviation = Math.sqrt(squares - mean * mean + epsilon);
            for (int c = 0; c < x.columns(); c++) {
                double dy = m.get(0).get(row, c) * m.get(2).get(0, c);
                dx.set(row, c, (dy - slope - normed.get(row, c) * alongNormed) / deviation);
            }
        }
        return dx;
    }
}
