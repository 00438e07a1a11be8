package io.tokenwise.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ActivationTableTest {
    static double gelu(double x) {
        return x / 2 * (1 + erf(x / Math.sqrt(2)));
    }

    static double geluTanh(double x) {
        return x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }

    static double silu(double x) {
        return x / (1 + Math.exp(-x));
    }

    /** Its series with positive terms (Abramowitz and Stegun, 7.1.6). */
    private static double erf(double x) {
        if (Math.abs(x) > 6) {
            return Math.signum(x);
        }
        double term = x;
        double sum = x;
        for (int n = 1; n < 200; n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
    }

    private static Arguments of(String name, DoubleUnaryOperator activation, float offset, int pieces, double error) {
        return Arguments.of(name, activation, offset, pieces, error);
    }

    static Stream<Arguments> activations() {
        return Stream.of(
                of("GELU", ActivationTableTest::gelu, 2, 16, 1e-5),
                of("GELU by tanh", ActivationTableTest::geluTanh, 2, 16, 2e-5),
                of("SiLU", ActivationTableTest::silu, 1, 8, 2.5e-5),
                of("ReLU", x -> Math.max(x, 0), 1, 32, 0));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("activations")
    void areNearEverywhere(String name, DoubleUnaryOperator activation, float offset, int pieces, double error) {
        var table = new ActivationTable(activation, offset, pieces);
        for (double x = -30; x < 30; x += 1e-3) {
            float value = (float) x;
            double expected = activation.applyAsDouble(value);
            assertThat((double) table.of(value))
                    .as("%s of %s", name, value)
                    .isCloseTo(expected, within(error + Math.ulp((float) expected)));
        }
        for (float large : new float[] {1e3f, 1e30f, Float.MAX_VALUE, Float.POSITIVE_INFINITY}) {
            assertThat(table.of(large)).isEqualTo(large);
            assertThat(table.of(-large)).isCloseTo(0, within((float) error));
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("activations")
    void whatIsNotANumberStaysNone(String name, DoubleUnaryOperator activation, float offset, int pieces) {
        var table = new ActivationTable(activation, offset, pieces);
        for (int bits : new int[] {0x7fc00000, 0xffc00000, 0x7fffffff, 0xffffffff}) {
            assertThat(table.of(Float.intBitsToFloat(bits))).as(name).isNaN();
        }
    }

    @Test
    void piecesThatFloatsCannotNumberAreRefused() {
        assertThatThrownBy(() -> new ActivationTable(x -> x, 2, 3)).hasMessageContaining("pieces of an octave: 3");
        assertThatThrownBy(() -> new ActivationTable(x -> x, 2, 64)).hasMessageContaining("pieces of an octave: 64");
        assertThatThrownBy(() -> new ActivationTable(x -> x, 3, 4)).hasMessageContaining("the offset is 3.0");
    }
}
