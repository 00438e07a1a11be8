package io.tokenwise.op;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.Precision;
import io.tokenwise.autograd.Matrix;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cuda.CudaBackend;
import io.tokenwise.backend.cuda.FakeDevice;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Attention of inference in bfloat16 on the simulated device: near that in doubles. */
class TensorCoreAttentionTest {
    /** Of 8 bits, of values of size 1. */
    private static final double BOUND = 2e-2;

    private static Backend device;

    @BeforeAll
    static void open() throws CudaUnavailableException {
        FakeDevice.start();
        device = CudaBackend.open(Precision.BF16);
    }

    @AfterAll
    static void close() {
        if (device != null) {
            device.close();
        }
    }

    static List<OpCase> cases() {
        return OpCases.attentionOnTensorCores();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void isNearTheReference(OpCase op) {
        List<Matrix> operands = op.randomOperands(1);
        Matrix expected = op.reference().apply(operands);
        assertThat(op.onEngine(device, operands, null).y().distance(expected)).isLessThan(BOUND);
    }
}
