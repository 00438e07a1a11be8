package io.tokenwise.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;

/**
 * The set of kernels under test, as the system properties of the run choose it (surefire runs the suite once for each width), and what every
 * kernel test needs: numbers, comparisons, derivatives.
 */
abstract class KernelTest {
    /** Unit roundoff of float. */
    static final double ROUNDOFF = 0x1p-24;

    static Kernels tested;

    final RandomGenerator random = new SplittableRandom(7);

    @BeforeAll
    static void choose() {
        try {
            tested = Kernels.choose();
        } catch (IllegalStateException e) {
            if (e.getMessage().startsWith(Kernels.BITS_PROPERTY)) {
                Assumptions.abort(e.getMessage());
            }
            throw e;
        }
    }

    /** The set under test and its scalar twin: both must meet the references in double. */
    static List<Kernels> both() {
        return List.of(tested, Kernels.scalar());
    }

    /** Sizes at which loops begin and end in every possible way, and sizes of real models. */
    static IntStream sizes() {
        return IntStream.concat(IntStream.rangeClosed(1, 17), IntStream.of(31, 32, 33, 61, 97, 384, 1152, 1536));
    }

    static Floats zeros(long count) {
        return new Floats(Arena.ofAuto().allocate(Math.max(1, count) * Float.BYTES, 64), 0);
    }

    static Floats filled(int count, float value) {
        float[] values = new float[count];
        Arrays.fill(values, value);
        return floats(values);
    }

    static Floats floats(double[] values) {
        float[] rounded = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            rounded[i] = (float) values[i];
        }
        return floats(rounded);
    }

    private static Floats floats(float[] values) {
        Floats floats = zeros(values.length);
        MemorySegment.copy(values, 0, floats.segment(), ValueLayout.JAVA_FLOAT, 0, values.length);
        return floats;
    }

    static Floats copy(Floats x, int count) {
        return floats(doubles(x, count));
    }

    /** Normal values that a float holds exactly. */
    double[] normal(int count) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    static double[] doubles(Floats x, int count) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = x.get(i);
        }
        return values;
    }

    static void assertSameBits(String what, Floats actual, Floats expected, int count) {
        for (int i = 0; i < count; i++) {
            if (Float.floatToRawIntBits(actual.get(i)) != Float.floatToRawIntBits(expected.get(i))) {
                assertThat(actual.get(i))
                        .as("%s: element %d of %d", what, i, count)
                        .isEqualTo(expected.get(i));
            }
        }
    }

    /**
     * Each value within rounding of the expected one: the errors of {@code terms} additions grow like a random walk, each as large as the
     * roundoff of the largest value involved ({@code scale}, or the largest expected one if that is larger).
     */
    static void assertClose(String what, Floats actual, double[] expected, int terms, double scale) {
        for (double value : expected) {
            scale = Math.max(scale, Math.abs(value));
        }
        double tolerance = ROUNDOFF * (8 + 4 * Math.sqrt(terms)) * scale;
        for (int i = 0; i < expected.length; i++) {
            if (!(Math.abs(actual.get(i) - expected[i]) <= tolerance)) {
                assertThat((double) actual.get(i))
                        .as("%s: element %d of %d", what, i, expected.length)
                        .isCloseTo(expected[i], within(tolerance));
            }
        }
    }

    /** The gradient of {@code sum(dy * f(x))} by central differences in double. */
    static double[] numericGradient(UnaryOperator<double[]> f, double[] x, double[] dy) {
        double h = 1e-5;
        double[] gradient = new double[x.length];
        double[] moved = x.clone();
        for (int i = 0; i < x.length; i++) {
            moved[i] = x[i] + h;
            double above = dot(f.apply(moved), dy);
            moved[i] = x[i] - h;
            double below = dot(f.apply(moved), dy);
            moved[i] = x[i];
            gradient[i] = (above - below) / (2 * h);
        }
        return gradient;
    }

    static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
