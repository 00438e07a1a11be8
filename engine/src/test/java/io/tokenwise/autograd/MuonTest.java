package io.tokenwise.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.tensor.HostMemory;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against the plain form of Muon in doubles. */
class MuonTest {
    private static final double RATE = 0.01;
    private static final double DECAY = 0.1;

    private static double[][] random(int rows, int columns, SplittableRandom random) {
        var matrix = new double[rows][columns];
        for (double[] row : matrix) {
            for (int i = 0; i < columns; i++) {
                row[i] = (float) (random.nextDouble() - 0.5);
            }
        }
        return matrix;
    }

    private static void set(Tensor tensor, double[][] values) {
        for (int i = 0; i < values.length; i++) {
            for (int j = 0; j < values[i].length; j++) {
                tensor.host().set(i, j, (float) values[i][j]);
            }
        }
    }

    private static double[][] product(double[][] a, double[][] b) {
        var c = new double[a.length][b[0].length];
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < b[0].length; j++) {
                for (int k = 0; k < b.length; k++) {
                    c[i][j] += a[i][k] * b[k][j];
                }
            }
        }
        return c;
    }

    private static double[][] transposed(double[][] a) {
        var t = new double[a[0].length][a.length];
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < a[0].length; j++) {
                t[j][i] = a[i][j];
            }
        }
        return t;
    }

    private static double[][] sum(double factorA, double[][] a, double factorB, double[][] b) {
        var c = new double[a.length][a[0].length];
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < a[0].length; j++) {
                c[i][j] = factorA * a[i][j] + factorB * b[i][j];
            }
        }
        return c;
    }

    private static double norm(double[][] a) {
        double squares = 0;
        for (double[] row : a) {
            for (double value : row) {
                squares += value * value;
            }
        }
        return Math.sqrt(squares);
    }

    private static double[][] orthogonal(double[][] u) {
        double[][] x = sum(1 / norm(u), u, 0, u);
        for (int i = 0; i < 5; i++) {
            double[][] square = product(x, transposed(x));
            double[][] polynomial = sum(-4.7750, square, 2.0315, product(square, square));
            x = sum(3.4445, x, 1, product(polynomial, x));
        }
        return x;
    }

    @ParameterizedTest
    @CsvSource({"8, 12", "12, 8", "9, 9"})
    void movesAsThePlainForm(int rows, int columns) {
        var random = new SplittableRandom(rows);
        double[][] w = random(rows, columns, random);
        var m = new double[rows][columns];
        try (Backend backend = VectorBackend.open(1);
                var workspace = new Workspace(HostMemory::allocate, 1 << 20);
                var parameters = new Parameters(backend)) {
            Parameter parameter = parameters.add("w", rows, columns);
            set(parameter.value(), w);
            var muon = new Muon(parameters, List.of(parameter), workspace, DECAY);
            for (int step = 0; step < 3; step++) {
                double[][] gradient = random(rows, columns, random);
                set(parameter.gradient(), gradient);
                assertThat(muon.update(backend.stream(), RATE)).isCloseTo(norm(gradient), within(1e-5));

                m = sum(0.95, m, 1, gradient);
                double scale = RATE * 0.2 * Math.sqrt(Math.max(rows, columns));
                w = sum(1 - RATE * DECAY, w, -scale, orthogonal(sum(1, gradient, 0.95, m)));
                for (int i = 0; i < rows; i++) {
                    for (int j = 0; j < columns; j++) {
                        assertThat((double) parameter.value().host().get(i, j)).isCloseTo(w[i][j], within(1e-5));
                        assertThat(parameter.gradient().host().get(i, j)).isZero();
                    }
                }
            }
            assertThat(muon.step()).isEqualTo(3);
        }
    }

    @Test
    void noGradientMovesNothing() {
        try (Backend backend = VectorBackend.open(1);
                var workspace = new Workspace(HostMemory::allocate, 1 << 20);
                var parameters = new Parameters(backend)) {
            Parameter parameter = parameters.add("w", 2, 3);
            parameter.value().host().set(1, 1, 5);
            var muon = new Muon(parameters, List.of(parameter), workspace, DECAY);
            muon.update(backend.stream(), RATE);
            assertThat(parameter.value().host().get(1, 1)).isEqualTo(5);
            // What the mean of one that was zero for thousands of steps sticks at.
            parameter.gradient().host().set(0, 0, Float.MIN_VALUE);
            muon.update(backend.stream(), RATE);
            assertThat(parameter.value().host().get(1, 1)).isEqualTo(5);
            assertThat(parameter.value().host().get(0, 0)).isZero();
            parameter.gradient().host().set(0, 0, Float.NaN);
            assertThatThrownBy(() -> muon.update(backend.stream(), RATE))
                    .isInstanceOf(ArithmeticException.class)
                    .hasMessage("the gradient's norm is NaN");
        }
    }
}
