package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.Precision;
import io.tokenwise.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a stream has itself gives on the simulated device what it gives on the CPU, within the bound of its case, and the same bits in whatever order blocks, warps and
 * lanes run. What nobody is to write stays as it is.
 */
class OperationsOnDeviceTest {
    private static final long SEED = 11;

    private static Side cpu;
    private static Side device;

    @BeforeAll
    static void open() {
        device = Side.device(Precision.F32);
        cpu = Side.cpu();
    }

    @AfterAll
    static void close() {
        if (device != null) {
            device.close();
            cpu.close();
        }
    }

    static List<Case> cases() {
        return StreamCases.all();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void equalsTheCpu(Case operation) {
        compare(cpu, device, operation);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theOrderOfThreadsChangesNothing(Case operation) {
        List<float[]> plain = results(device, operation);
        List<Double> told = List.copyOf(device.told());
        for (int order : new int[] {1, 130}) {
            device.controls().seed(order);
            List<float[]> other = results(device, operation);
            device.controls().seed(0);
            for (int i = 0; i < plain.size(); i++) {
                assertThat(other.get(i)).as("tensor %d, order %d", i, order).isEqualTo(plain.get(i));
            }
            assertThat(device.told()).isEqualTo(told);
        }
    }

    static void compare(Side cpu, Side device, Case operation) {
        List<float[]> expected = results(cpu, operation);
        List<float[]> actual = results(device, operation);
        for (int i = 0; i < expected.size(); i++) {
            Tensor tensor = cpu.tensors().get(i);
            for (int place = 0; place < tensor.size(); place++) {
                float wanted = expected.get(i)[place];
                if (!isNear(actual.get(i)[place], wanted, operation.bound())) {
                    throw new AssertionError("%s: tensor %d %s, row %d, column %d: %s on the device, %s on the CPU"
                            .formatted(
                                    operation,
                                    i,
                                    tensor.shape(),
                                    place / tensor.columns(),
                                    place % tensor.columns(),
                                    actual.get(i)[place],
                                    wanted));
                }
            }
        }
        for (int i = 0; i < cpu.told().size(); i++) {
            double wanted = cpu.told().get(i);
            assertThat(isNear(device.told().get(i), wanted, operation.bound()))
                    .as(
                            "result %d: %s on the device, %s on the CPU",
                            i, device.told().get(i), wanted)
                    .isTrue();
        }
        assertThat(device.told()).hasSameSizeAs(cpu.told());
    }

    private static boolean isNear(double actual, double wanted, double bound) {
        return Double.isNaN(wanted)
                ? Double.isNaN(actual)
                : Math.abs(actual - wanted) <= bound * Math.max(1, Math.abs(wanted));
    }

    /** The content of all tensors of a case afterwards. */
    static List<float[]> results(Side side, Case operation) {
        side.begin(SEED);
        operation.run().accept(side);
        return side.tensors().stream().map(side::read).toList();
    }
}
