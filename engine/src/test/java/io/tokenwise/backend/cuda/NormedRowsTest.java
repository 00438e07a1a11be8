package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.fakecuda.KernelCounts;
import io.tokenwise.op.LayerNorms;
import io.tokenwise.op.TakenRows;
import io.tokenwise.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** On the simulated device: what a layer norm leaves for the products that follow has the bits of a launch of its own, and spares it. */
class NormedRowsTest {
    private static final float EPSILON = 1e-5f;

    /** Rows of a size, normed and then multiplied. */
    record Normed(Precision precision, int rows, int columns, int outputs, boolean inPlace, boolean hasNan) {
        /** Kernels that bring rows into a form. */
        String former() {
            return precision == Precision.S8 ? "quantizeRows" : "narrowRows";
        }

        boolean isFormed() {
            return precision == Precision.S8 || precision == Precision.BF16 && rows >= FormedTensor.NARROWED_FIRST;
        }
    }

    /** Of one row and many, of a width that is no multiple of anything, of one that lanes do not keep in registers, and of real models'. */
    static List<Normed> cases() {
        return CudaBackend.PRECISIONS.stream()
                .flatMap(precision -> Stream.of(
                        new Normed(precision, 1, 33, 35, false, false),
                        new Normed(precision, 7, 64, 64, true, false),
                        new Normed(precision, 7, 64, 64, false, true),
                        new Normed(precision, 130, 384, 40, false, false),
                        new Normed(precision, 5, 769, 33, true, true),
                        new Normed(precision, 3, 1_537, 40, true, false),
                        new Normed(precision, 1_030, 33, 258, false, true),
                        new Normed(precision, 1_030, 64, 258, true, false)))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void haveTheBitsOfALaunchOfTheirOwn(Normed normed) {
        try (var side = Side.device(normed.precision)) {
            Tensor x = values(side, normed);
            // Begins at a multiple of 16 bytes, which x does not.
            Tensor y = normed.inPlace ? x : side.workspace().tensor(normed.rows, normed.columns);
            Tensor gamma = side.random(1, normed.columns);
            Tensor beta = side.random(1, normed.columns);
            PackedMatrix weight = side.packed(side.random(normed.columns, normed.outputs), false);
            Tensor copy = side.untouched(normed.rows, normed.columns);
            Tensor found = side.untouched(normed.rows, normed.outputs);
            Tensor apart = side.untouched(normed.rows, normed.outputs);
            Tensor taken = side.untouched(1, normed.columns);
            Tensor ofTaken = side.untouched(1, normed.outputs);
            long before = formed(side, normed);

            LayerNorms.forward(side.stream(), x, gamma, beta, EPSILON, y, null);
            side.stream().linear(y, weight, null, false, null, found);
            float[] result = side.read(found);
            assertThat(formed(side, normed)).isEqualTo(before);

            side.stream().copy(y, copy);
            side.stream().linear(copy, weight, null, false, null, apart);
            assertThat(side.read(apart)).isEqualTo(result);
            assertThat(formed(side, normed)).isEqualTo(before + (normed.isFormed() ? 1 : 0));

            // As where the others have left.
            TakenRows.forward(side.stream(), y, new int[] {normed.rows - 1}, taken);
            side.stream().linear(taken, weight, null, false, null, ofTaken);
            int last = (normed.rows - 1) * normed.outputs;
            assertThat(side.read(ofTaken)).isEqualTo(Arrays.copyOfRange(result, last, last + normed.outputs));
        }
    }

    private static Tensor values(Side side, Normed normed) {
        float[] values = side.gaussian(normed.rows * normed.columns);
        if (normed.hasNan) {
            values[normed.columns / 2] = Float.NaN;
        }
        return side.of(normed.rows, normed.columns, values);
    }

    /** How often rows have been brought into a form by launches of their own. */
    private static long formed(Side side, Normed normed) {
        return side.controls().kernels().stream()
                .filter(kernel -> kernel.name().equals(normed.former()))
                .mapToLong(KernelCounts::launches)
                .sum();
    }
}
