package io.tokenwise.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.kernels.Elementwise.AdamWStep;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ElementwiseTest extends KernelTest {
    private final Elementwise scalar = Kernels.scalar().elementwise();

    @Test
    void expIsAccurateToOneUnitInTheLastPlace() {
        double worst = 0;
        for (float x = -87.3f; x < 88; x += 0.0003f) {
            double exact = Math.exp(x);
            worst = Math.max(worst, Math.abs(ScalarMath.exp(x) - exact) / Math.ulp((float) exact));
        }
        assertThat(worst).isBetween(0.5, 1.0);
        assertThat(ScalarMath.exp(-200)).isZero();
        assertThat(ScalarMath.exp(Float.NEGATIVE_INFINITY)).isZero();
        assertThat(ScalarMath.exp(Float.NaN)).isNaN();
    }

    @Test
    void exp2IsAccurateToTwoUnitsInTheLastPlace() {
        double worst = 0;
        for (float x = -125; x < 126; x += 0.0004f) {
            double exact = Math.pow(2, x);
            worst = Math.max(worst, Math.abs(ScalarMath.exp2(x) - exact) / Math.ulp((float) exact));
        }
        assertThat(worst).isBetween(0.5, 2.1);
        assertThat(ScalarMath.exp2(0)).isEqualTo(1);
        assertThat(ScalarMath.exp2(-126)).isZero();
        assertThat(ScalarMath.exp2(Float.NEGATIVE_INFINITY)).isZero();
        assertThat(ScalarMath.exp2(Float.NaN)).isNaN();
    }

    @Test
    void geluIsAccurateToARoundoff() {
        for (float x = -8; x < 8; x += 0.00007f) {
            double exact = Reference.gelu(x);
            // What the tail's rounding makes of it, and half a unit in the last place of the result.
            double tolerance = 1.3e-7 + Math.ulp((float) exact) / 2;
            assertThat((double) ScalarMath.gelu(x)).as("gelu(%s)", x).isCloseTo(exact, within(tolerance));
        }
        assertThat(ScalarMath.gelu(100)).isEqualTo(100);
        assertThat((double) ScalarMath.gelu(-100)).isCloseTo(0, within(1e-8));
        assertThat(ScalarMath.gelu(0)).isZero();
        assertThat(ScalarMath.gelu(Float.NaN)).isNaN();
        assertThat(ScalarMath.gelu(-Float.NaN)).isNaN();
    }

    @Test
    void geluAndItsSlopeMeetTheReference() {
        int count = 20_001;
        double[] x = IntStream.range(0, count)
                .mapToDouble(i -> (float) (-10 + i * 0.001))
                .toArray();
        Floats input = floats(x);
        for (Kernels set : both()) {
            Floats y = zeros(count);
            Floats slope = zeros(count);
            set.elementwise().gelu(input, y, 0, count);
            set.elementwise().geluBackward(input, filled(count, 1), slope, 0, count);
            for (int i = 0; i < count; i++) {
                double tolerance = ROUNDOFF * (4 + Math.abs(x[i]));
                assertThat((double) y.get(i)).as("gelu(%s)", x[i]).isCloseTo(Reference.gelu(x[i]), within(tolerance));
                double h = 1e-5;
                double expected = (Reference.gelu(x[i] + h) - Reference.gelu(x[i] - h)) / (2 * h);
                assertThat((double) slope.get(i)).as("gelu'(%s)", x[i]).isCloseTo(expected, within(16 * ROUNDOFF));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void everyOperationHasTheBitsOfItsScalarTwin(int count) {
        Floats x = floats(normal(count));
        Floats b = floats(normal(count));
        for (int cut : new int[] {0, count / 3, count - 1}) {
            Floats[] expected = results(scalar, x, b, count, 0);
            Floats[] actual = results(tested.elementwise(), x, b, count, cut);
            for (int i = 0; i < expected.length; i++) {
                assertSameBits("result " + i + " cut at " + cut, actual[i], expected[i], count);
            }
        }
    }

    /** Each operation's result, computed in two ranges that meet at {@code cut}. */
    private static Floats[] results(Elementwise ops, Floats x, Floats b, int count, int cut) {
        Floats gelu = zeros(count);
        Floats slope = copy(b, count);
        Floats sum = copy(x, count);
        Floats scaled = copy(b, count);
        Floats w = copy(x, count);
        Floats m = copy(b, count);
        Floats v = filled(count, 0.25f);
        AdamWStep step = new AdamWStep(1e-3f, 0.9f, 0.999f, 1e-8f, 0.01f, 0.19f, 0.002f, 0.5f);
        for (int[] range : new int[][] {{0, cut}, {cut, count}}) {
            ops.gelu(x, gelu, range[0], range[1]);
            ops.geluBackward(x, slope, slope, range[0], range[1]);
            ops.add(sum, b, sum, range[0], range[1]);
            ops.addScaled(x, 0.3f, scaled, range[0], range[1]);
            ops.adamW(w, x, m, v, step, range[0], range[1]);
        }
        return new Floats[] {gelu, slope, sum, scaled, w, m, v};
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void sumOfSquaresIsExactToDouble(int count) {
        double[] x = normal(count);
        for (Kernels set : both()) {
            double exact = dot(x, x);
            assertThat(set.elementwise().sumOfSquares(floats(x), 0, count))
                    .isCloseTo(exact, within(exact * count * 0x1p-53));
        }
    }

    @Test
    void adamWFollowsTheFormula() {
        int count = 97;
        double[] w = normal(count);
        double[] g = normal(count);
        double[] m = normal(count);
        AdamWStep step = new AdamWStep(0.01f, 0.9f, 0.999f, 1e-6f, 0.1f, 0.271f, 0.002997f, 0.5f);
        for (Kernels set : both()) {
            Floats weights = floats(w);
            Floats mean = floats(m);
            Floats square = filled(count, 0.5f);
            set.elementwise().adamW(weights, floats(g), mean, square, step, 0, count);
            double[] expected = new double[count];
            for (int i = 0; i < count; i++) {
                double gradient = g[i] * step.gradientScale();
                double newMean = step.beta1() * m[i] + (1 - (double) step.beta1()) * gradient;
                double newSquare = step.beta2() * 0.5 + (1 - (double) step.beta2()) * gradient * gradient;
                double direction =
                        newMean / step.correction1() / (Math.sqrt(newSquare / step.correction2()) + step.epsilon());
                expected[i] = w[i] - step.rate() * (direction + step.decay() * w[i]);
            }
            assertClose(set.name(), weights, expected, 1, 1);
        }
    }
}
