package io.tokenwise.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class GateOpsTest extends KernelTest {
    private static final int ROWS = 3;

    static Stream<Arguments> shapes() {
        return Stream.of(Activation.values()).flatMap(a -> sizes().mapToObj(size -> Arguments.of(a, size)));
    }

    /** As the formulas read. */
    private static double value(Activation activation, double x) {
        return switch (activation) {
            case GELU -> Reference.gelu(x);
            case GELU_TANH -> x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))) / 2;
            case SILU -> x / (1 + Math.exp(-x));
            case RELU -> Math.max(x, 0);
            case TANH -> Math.tanh(x);
        };
    }

    private static double slope(Activation activation, double x) {
        double h = 1e-6;
        return (value(activation, x + h) - value(activation, x - h)) / (2 * h);
    }

    @Test
    void tanhIsAccurateToFiveRoundoffsOfItself() {
        double worst = 0;
        for (float x = -20; x < 20; x += 0.00013f) {
            double exact = Math.tanh(x);
            worst = Math.max(worst, Math.abs(ScalarMath.tanh(x) - exact) / Math.abs(exact));
        }
        assertThat(worst).isBetween(ROUNDOFF, 5 * ROUNDOFF);
        assertThat((double) ScalarMath.tanh(1e-20f)).isCloseTo(1e-20, within(1e-26));
        assertThat(ScalarMath.tanh(Float.MAX_VALUE)).isEqualTo(1);
        assertThat(ScalarMath.tanh(Float.NEGATIVE_INFINITY)).isEqualTo(-1);
        assertThat(ScalarMath.tanh(Float.NaN)).isNaN();
        assertThat(ScalarMath.tanhSlope(1e6f)).isZero();
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void activationsMeetTheirFormulasAndTheirScalarTwin(Activation activation, int count) {
        double[] x = normal(count);
        double[] dy = normal(count);
        x[0] = -200;
        double[] y = new double[count];
        double[] dx = new double[count];
        for (int i = 0; i < count; i++) {
            y[i] = value(activation, x[i]);
            dx[i] = dy[i] * slope(activation, x[i]);
        }
        Floats twin = zeros(count);
        Floats twinBack = zeros(count);
        Kernels.scalar().gates().activate(floats(x), twin, activation, 0, count);
        Kernels.scalar().gates().activateBackward(floats(x), floats(dy), twinBack, activation, 0, count);
        for (int cut : new int[] {0, count / 3, count - 1}) {
            Floats made = floats(x);
            Floats back = floats(dy);
            for (int[] part : new int[][] {{0, cut}, {cut, count}}) {
                tested.gates().activate(made, made, activation, part[0], part[1]);
                tested.gates().activateBackward(floats(x), back, back, activation, part[0], part[1]);
            }
            assertClose("values", made, y, 4, 1);
            assertClose("gradients", back, dx, 16, 4);
            assertSameBits("values", made, twin, count);
            assertSameBits("gradients", back, twinBack, count);
        }
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void gatesScaleTheUnitsBeforeThem(Activation activation, int units) {
        double[] x = normal(2 * ROWS * units);
        double[] dy = normal(ROWS * units);
        x[units] = -200;
        double[] y = new double[dy.length];
        double[] dx = new double[x.length];
        for (int i = 0; i < dy.length; i++) {
            int up = i / units * 2 * units + i % units;
            y[i] = x[up] * value(activation, x[up + units]);
            dx[up] = dy[i] * value(activation, x[up + units]);
            dx[up + units] = dy[i] * x[up] * slope(activation, x[up + units]);
        }
        Floats twin = zeros(y.length);
        Floats twinBack = zeros(x.length);
        Kernels.scalar().gates().gated(floats(x), twin, activation, units, 0, ROWS);
        Kernels.scalar().gates().gatedBackward(floats(x), floats(dy), twinBack, activation, units, 0, ROWS);
        Floats made = zeros(y.length);
        Floats back = zeros(x.length);
        for (int[] part : new int[][] {{0, 1}, {1, ROWS}}) {
            tested.gates().gated(floats(x), made, activation, units, part[0], part[1]);
            tested.gates().gatedBackward(floats(x), floats(dy), back, activation, units, part[0], part[1]);
        }
        assertClose("values", made, y, 4, 1);
        assertClose("gradients", back, dx, 16, 8);
        assertSameBits("values", made, twin, y.length);
        assertSameBits("gradients", back, twinBack, x.length);
        Floats moved = floats(x);
        tested.gates().gated(moved, moved, activation, units, 0, ROWS);
        assertSameBits("moved together", moved, twin, y.length);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "TANH")
    void whatIsFarAwayNeitherOverflowsNorIsLost(Activation activation) {
        float[] far = {-1e6f, -1e4f, -50, 50, 1e4f, 1e6f, Float.NaN};
        for (Kernels set : both()) {
            Floats x = filled(64, 0);
            for (int i = 0; i < far.length; i++) {
                x.set(i, far[i]);
            }
            Floats y = zeros(64);
            set.gates().activate(x, y, activation, 0, 64);
            Floats slopes = filled(64, 1);
            set.gates().activateBackward(x, slopes, slopes, activation, 0, 64);
            for (int i = 0; i < 6; i++) {
                assertThat(y.get(i))
                        .as("%s of %s", activation, far[i])
                        .isBetween(Math.max(far[i], -1e-3f), Math.max(far[i], 0));
                assertThat(slopes.get(i)).as("slope at %s", far[i]).isCloseTo(far[i] > 0 ? 1 : 0, within(1e-3f));
            }
            assertThat(y.get(6)).isNaN();
        }
    }
}
