package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;

/** Rows of a layer beside those of a reference. */
public final class NearRows {
    /** Of a row's root mean square. */
    private static final double TOLERANCE = 1e-4;

    private NearRows() {}

    /** @param first row of those that are found */
    public static void check(Pass pass, Tensor found, int first, float[][] wanted, String what) {
        try (HostTensor values = pass.stream().read(found)) {
            for (int row = 0; row < wanted.length; row++) {
                double squares = 0;
                double largest = 0;
                for (int i = 0; i < wanted[row].length; i++) {
                    squares += (double) wanted[row][i] * wanted[row][i];
                    largest = Math.max(largest, Math.abs(values.get(first + row, i) - wanted[row][i]));
                }
                assertThat(largest)
                        .as("%s, row %d", what, row)
                        .isLessThanOrEqualTo(TOLERANCE * Math.sqrt(squares / wanted[row].length));
            }
        }
    }
}
