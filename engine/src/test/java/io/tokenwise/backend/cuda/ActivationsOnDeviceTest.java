package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.MlpSlices;
import io.tokenwise.kernels.Activation;
import io.tokenwise.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is between an MLP's products, of values that are no numbers, and where there is no form of it. Of numbers see {@link ProductCases}. */
class ActivationsOnDeviceTest {
    private static final int INPUTS = 8;

    private static void mlp(Side side, Activation activation, float... row) {
        MlpSlices slices = ProductCases.activated(side, INPUTS, activation, false, 5);
        Tensor y = side.untouched(1, INPUTS);
        side.stream().mlp(side.of(1, INPUTS, row), slices, null, side.workspace(), y);
    }

    @ParameterizedTest
    @EnumSource(value = Activation.class, mode = EnumSource.Mode.EXCLUDE, names = "TANH")
    void whatIsNoNumberStaysNone(Activation activation) {
        var row = new float[INPUTS];
        Arrays.fill(row, Float.NaN);
        try (Side cpu = Side.cpu();
                Side device = Side.device(Precision.F32)) {
            OperationsOnDeviceTest.compare(
                    cpu, device, new Case("mlp of no numbers", 0, side -> mlp(side, activation, row)));
        }
    }

    @Test
    void whatHasNoFormThereIsRefused() {
        try (Side device = Side.device(Precision.F32)) {
            assertThatThrownBy(() -> mlp(device, Activation.TANH, new float[INPUTS]))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessage("mlp: TANH runs on the CPU only so far");
        }
    }
}
