package io.tokenwise.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.TestModels;
import io.tokenwise.api.Precision;
import io.tokenwise.autograd.Matrix;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Gradients of matrix products on oneDNN: near our own float32 kernels, and the same whatever the number of threads. */
class LowPrecisionGradientTest {
    /** MiniLM's products, and sizes at which each way of cutting leaves a rest. */
    static Stream<OpCase> products() {
        return Stream.of(new int[] {7, 384, 1536}, new int[] {300, 1536, 384}, new int[] {65, 211, 67})
                .flatMap(s -> OpCases.linear(s[0], s[1], s[2]).stream());
    }

    /** Without GELU, whose slope multiplies the error by what depends on the operands. */
    static Stream<OpCase> plainProducts() {
        return products().filter(op -> !op.name().contains("gelu"));
    }

    /** The order of sums is all that may differ. */
    @ParameterizedTest
    @MethodSource("products")
    void float32DiffersByRoundingOnly(OpCase op) {
        List<Matrix> expected = gradients(op, VectorBackend.open(1));
        List<Matrix> found = gradients(op, TestModels.oneDnn(Precision.F32, 2));
        for (int i = 0; i < expected.size(); i++) {
            if (expected.get(i) != null) {
                assertThat(found.get(i).distance(expected.get(i)))
                        .as("%s, operand %d", op, i)
                        .isLessThanOrEqualTo(op.tolerance(expected.get(i)));
            }
        }
    }

    /** Both factors are rounded to 8 bits, each term of a sum by 2^-9 of itself and factor at most: 2^-8 of the norm, and as much to spare. */
    @ParameterizedTest
    @MethodSource("plainProducts")
    void bfloat16DiffersByTheRoundingOfBothFactors(OpCase op) {
        List<Matrix> expected = gradients(op, VectorBackend.open(1));
        List<Matrix> found = gradients(op, TestModels.oneDnn(Precision.BF16, 2));
        for (int i = 0; i < expected.size(); i++) {
            if (expected.get(i) != null) {
                Matrix error = found.get(i).plus(-1, expected.get(i));
                assertThat(Math.sqrt(error.dot(error)))
                        .as("%s, operand %d", op, i)
                        .isLessThanOrEqualTo(0x1p-7 * Math.sqrt(expected.get(i).dot(expected.get(i))));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void bitsDoNotDependOnTheNumberOfThreads(Precision precision) {
        products().forEach(op -> {
            List<Matrix> one = gradients(op, TestModels.oneDnn(precision, 1));
            List<Matrix> three = gradients(op, TestModels.oneDnn(precision, 3));
            for (int i = 0; i < one.size(); i++) {
                if (one.get(i) != null) {
                    assertThat(three.get(i).values())
                            .as("%s, operand %d", op, i)
                            .isEqualTo(one.get(i).values());
                }
            }
        });
    }

    @Test
    void signedBytesAreForInferenceOnly() {
        try (Backend backend = TestModels.oneDnn(Precision.S8, 1);
                var parameters = new Parameters(backend)) {
            Parameter parameter = parameters.add("weight", 64, 64);
            assertThatThrownBy(() -> parameters.train(parameter))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("training: precision s8 is for inference only; train in f32 or bf16");
        }
    }

    private static List<Matrix> gradients(OpCase op, Backend backend) {
        try (backend) {
            return op.onEngine(backend).gradients();
        }
    }
}
