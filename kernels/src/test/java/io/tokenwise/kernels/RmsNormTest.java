package io.tokenwise.kernels;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RmsNormTest extends KernelTest {
    private static final int ROWS = 5;
    private static final float EPSILON = 1e-3f;

    /** Whole rows, and three parts from a column on of rows that have more. */
    private static List<RowParts> layouts(int columns) {
        return List.of(RowParts.whole(columns), new RowParts(4 * columns + 3, columns + 1, 3, columns));
    }

    private static double[] norm(double[] x, RowParts parts, double[] gamma, double plus) {
        double[] y = x.clone();
        for (int i = 0; i < ROWS; i++) {
            for (int part = 0; part < parts.parts(); part++) {
                int at = (int) parts.at(i, part);
                double squares = 0;
                for (int j = 0; j < parts.columns(); j++) {
                    squares += x[at + j] * x[at + j];
                }
                for (int j = 0; j < parts.columns(); j++) {
                    y[at + j] = x[at + j] / Math.sqrt(squares / parts.columns() + EPSILON) * (gamma[j] + plus);
                }
            }
        }
        return y;
    }

    /** Values of which each part's first row is so small that epsilon counts. */
    private double[] values(RowParts parts) {
        double[] x = normal(ROWS * parts.stride());
        for (int j = 0; j < parts.stride(); j++) {
            x[j] = (float) (x[j] * 0.01);
        }
        return x;
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void dividesByTheRootOfTheMeanSquareAndLeavesTheRestAlone(int columns) {
        double[] gamma = normal(columns);
        for (RowParts parts : layouts(columns)) {
            double[] x = values(parts);
            for (float plus : new float[] {0, 1}) {
                double[] expected = norm(x, parts, gamma, plus);
                for (Kernels set : both()) {
                    Floats y = floats(x);
                    set.rows().rmsNorm(y, parts, floats(gamma), plus, EPSILON, y, null, 0, 2);
                    set.rows().rmsNorm(y, parts, floats(gamma), plus, EPSILON, y, null, 2, ROWS);
                    assertClose(set.name() + " " + parts, y, expected, columns, 1);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void gradientsMeetTheirFormulas(int columns) {
        double[] gamma = normal(columns);
        for (RowParts parts : layouts(columns)) {
            double[] x = values(parts);
            double[] dy = normal(x.length);
            for (float plus : new float[] {0, 1}) {
                double[] dx = dy.clone();
                double[] dGamma = new double[columns];
                derive(x, dy, parts, gamma, plus, dx, dGamma);
                for (Kernels set : both()) {
                    Floats y = floats(x);
                    Floats inverses = zeros((long) ROWS * parts.parts());
                    set.rows().rmsNorm(floats(x), parts, floats(gamma), plus, EPSILON, y, inverses, 0, ROWS);
                    Floats made = floats(dy);
                    set.rows().rmsNormBackward(floats(x), parts, floats(gamma), plus, inverses, made, made, 0, 1);
                    set.rows().rmsNormBackward(floats(x), parts, floats(gamma), plus, inverses, made, made, 1, ROWS);
                    assertClose(set.name() + " dx", made, dx, columns, 8);
                    Floats madeGamma = zeros(columns);
                    int cut = columns / 3;
                    set.rows()
                            .rmsNormParameterGradient(floats(x), parts, inverses, floats(dy), madeGamma, ROWS, 0, cut);
                    set.rows()
                            .rmsNormParameterGradient(
                                    floats(x), parts, inverses, floats(dy), madeGamma, ROWS, cut, columns);
                    assertClose(set.name() + " dGamma", madeGamma, dGamma, ROWS * parts.parts(), 8);
                }
            }
        }
    }

    private static void derive(
            double[] x, double[] dy, RowParts parts, double[] gamma, double plus, double[] dx, double[] dGamma) {
        int columns = parts.columns();
        for (int i = 0; i < ROWS; i++) {
            for (int part = 0; part < parts.parts(); part++) {
                int at = (int) parts.at(i, part);
                double squares = 0;
                double product = 0;
                for (int j = 0; j < columns; j++) {
                    squares += x[at + j] * x[at + j];
                    product += dy[at + j] * (gamma[j] + plus) * x[at + j];
                }
                double inverse = 1 / Math.sqrt(squares / columns + EPSILON);
                for (int j = 0; j < columns; j++) {
                    dx[at + j] = inverse
                            * (dy[at + j] * (gamma[j] + plus) - x[at + j] * inverse * inverse * product / columns);
                    dGamma[j] += dy[at + j] * x[at + j] * inverse;
                }
            }
        }
    }

    /** The formulas of {@link #derive} against finite differences. */
    @ParameterizedTest
    @MethodSource("few")
    void formulasMeetFiniteDifferences(int columns) {
        double[] gamma = normal(columns);
        for (RowParts parts : layouts(columns)) {
            double[] x = values(parts);
            double[] dy = normal(x.length);
            double[] dx = dy.clone();
            double[] dGamma = new double[columns];
            derive(x, dy, parts, gamma, 1, dx, dGamma);
            assertClose("dx", floats(numericGradient(v -> norm(v, parts, gamma, 1), x, dy)), dx, 64, 8);
            assertClose("dGamma", floats(numericGradient(v -> norm(x, parts, v, 1), gamma, dy)), dGamma, 64, 8);
        }
    }

    static IntStream few() {
        return IntStream.of(1, 5, 16);
    }
}
