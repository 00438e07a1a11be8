package io.tokenwise.backend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.ChildJvm;
import io.tokenwise.TestModels;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.SlicedProducts.Engine;
import io.tokenwise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Signed bytes without VNNI, where oneDNN adds pairs of products in 16 bits: JVMs whose library is capped, since a process loads it once. */
class SevenBitWeightsTest {
    /** Prints {@code passed}, or ends with the stack of what failed. */
    static final class Capped {
        private Capped() {}

        public static void main(String[] arguments) {
            for (int inputs : new int[] {32, 35, 97, 384, 1536}) {
                for (int outputs : new int[] {32, 37, 384, 1024}) {
                    extremesAreExact(inputs, outputs);
                }
            }
            // Half a step of weights, of which there are 128 between a column's largest value and minus that.
            var engine = new Engine("7 bits", 0x1p-7, () -> TestModels.oneDnn(Precision.S8, 3));
            for (int rows : new int[] {1, 7, 130}) {
                // 1,024 columns are two products.
                for (int[] columns : new int[][] {{96, 96, 96, 96}, {32, 80, 64}, {1024, 64}}) {
                    var slices = new SlicesTest();
                    slices.slicesOfOutputs(engine, rows, columns);
                    slices.slicesOfInputs(engine, rows, columns);
                    slices.aRowHasTheSameBitsAlone(engine, rows, columns);
                    slices.someRowsOfWiderMatrices(engine, rows, columns);
                }
            }
            var floats = new Engine("f32", 0x1p-24, () -> TestModels.oneDnn(Precision.F32, 1));
            new SlicesTest().slicesOfInputs(floats, 130, new int[] {96, 96, 96, 96});
            System.out.println("passed");
        }

        /**
         * Weights that are all 1, or all -1, in a column become the largest step, and inputs of 1 the byte 255, so that each pair of products is
         * as large as can be. A zero in each row makes its least value 0. Sums are then whole numbers, exact in float32.
         */
        private static void extremesAreExact(int inputs, int outputs) {
            try (Backend backend = TestModels.oneDnn(Precision.S8, 1);
                    Arena arena = Arena.ofShared()) {
                Tensor weight = backend.allocate(arena, inputs, outputs);
                Tensor bias = backend.allocate(arena, 1, outputs);
                for (int i = 0; i < inputs; i++) {
                    for (int column = 0; column < outputs; column++) {
                        weight.host().set(i, column, column % 2 == 0 ? 1 : -1);
                    }
                }
                PackedMatrix packed = backend.allocatePacked(arena, inputs, outputs);
                backend.stream().pack(weight, false, packed);
                for (int rows : new int[] {1, 7, 33, 64, 130}) {
                    Tensor x = backend.allocate(arena, rows, inputs);
                    for (int row = 0; row < rows; row++) {
                        for (int i = 0; i < inputs; i++) {
                            x.host().set(row, i, i == row % inputs ? 0 : 1);
                        }
                    }
                    Tensor y = backend.allocate(arena, rows, outputs);
                    backend.stream().linear(x, packed, bias, false, null, y);
                    assertExact(y, inputs);
                }
            }
        }

        private static void assertExact(Tensor y, int inputs) {
            for (int row = 0; row < y.rows(); row++) {
                for (int column = 0; column < y.columns(); column++) {
                    int sum = column % 2 == 0 ? inputs - 1 : 1 - inputs;
                    float found = y.host().get(row, column);
                    // AssertJ has the words for what is wrong; for each of millions of sums it takes seconds.
                    if (!(Math.abs(found - sum) <= 1e-6 * Math.abs(sum))) {
                        assertThat(found)
                                .as("%s of %d inputs, row %d, column %d", y.shape(), inputs, row, column)
                                .isEqualTo(sum);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"AVX2", "AVX512_CORE"})
    void productsAreExactAndRowsIndependent(String isa) throws IOException, InterruptedException {
        TestModels.oneDnn(Precision.S8, 1).close();
        Process process = ChildJvm.of(List.of("-Dtokenwise.onednn.isa=" + isa), Capped.class)
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output).contains("passed");
    }
}
