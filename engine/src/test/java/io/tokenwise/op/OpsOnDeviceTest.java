package io.tokenwise.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.Precision;
import io.tokenwise.autograd.Matrix;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.backend.cuda.CudaBackend;
import io.tokenwise.backend.cuda.FakeDevice;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every operation on the simulated CUDA device: values against plain doubles, gradients against the CPU's, which {@link OpsInDoubleTest} checks, and all bits the same in whatever order
 * blocks, warps and lanes run.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OpsOnDeviceTest {
    /** Of those at real shapes the ones of so many rows run in other orders too. */
    private static final int MOST_ROWS = 70;

    private FakeControls controls;
    private Backend cpu;
    private Backend device;

    @BeforeAll
    void open() throws CudaUnavailableException {
        controls = FakeDevice.start();
        cpu = VectorBackend.open(1);
        device = CudaBackend.open(Precision.F32);
    }

    @AfterAll
    void close() {
        if (device != null) {
            cpu.close();
            device.close();
            assertThat(controls.leaks()).isEmpty();
        }
    }

    static Stream<OpCase> tiny() {
        return OpCases.tiny().stream().filter(OpCase::onDevice);
    }

    static Stream<OpCase> real() {
        return OpCases.real().stream().filter(OpCase::onDevice);
    }

    static Stream<OpCase> differentiable() {
        return Stream.concat(tiny(), real()).filter(OpCase::hasGradient);
    }

    static Stream<OpCase> inOtherOrders() {
        return Stream.concat(
                tiny(), real().filter(op -> op.operands().getFirst().rows() <= MOST_ROWS));
    }

    @ParameterizedTest
    @MethodSource("tiny")
    void valueIsTheReferences(OpCase op) {
        List<Matrix> operands = op.randomOperands(1);
        Matrix expected = op.reference().apply(operands);
        assertThat(op.onEngine(device, operands, null).y().distance(expected))
                .isLessThanOrEqualTo(op.tolerance(expected));
        if (op.hasGradient()) {
            assertThat(op.onEngine(device, operands, expected).y().distance(expected))
                    .isLessThanOrEqualTo(op.tolerance(expected));
        }
    }

    @ParameterizedTest
    @MethodSource("differentiable")
    void valueAndGradientAreTheCpus(OpCase op) {
        OpCase.Result expected = op.onEngine(cpu);
        OpCase.Result found = op.onEngine(device);
        assertThat(found.y().distance(expected.y())).isLessThanOrEqualTo(op.tolerance(expected.y()));
        for (int i = 0; i < expected.gradients().size(); i++) {
            Matrix gradient = expected.gradients().get(i);
            if (gradient != null) {
                assertThat(found.gradients().get(i).distance(gradient))
                        .as("operand %d", i)
                        .isLessThanOrEqualTo(op.tolerance(gradient));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("inOtherOrders")
    void theOrderOfThreadsChangesNothing(OpCase op) {
        OpCase.Result plain = op.onEngine(device);
        for (int order : new int[] {1, 130}) {
            controls.seed(order);
            OpCase.Result other = op.onEngine(device);
            controls.seed(0);
            assertThat(other.y().values())
                    .as("order %d", order)
                    .isEqualTo(plain.y().values());
            for (int i = 0; i < plain.gradients().size(); i++) {
                if (plain.gradients().get(i) != null) {
                    assertThat(other.gradients().get(i).values())
                            .as("order %d, operand %d", order, i)
                            .isEqualTo(plain.gradients().get(i).values());
                }
            }
        }
    }

    static Stream<OpCase> onCpuOnly() {
        return OpCases.tiny().stream().filter(op -> !op.onDevice());
    }

    @ParameterizedTest
    @MethodSource("onCpuOnly")
    void whatHasNoFormThereIsRefusedInALine(OpCase op) {
        List<Matrix> operands = op.randomOperands(1);
        // Windows are made there, but have no gradient.
        Matrix dy = op.hasGradient() ? op.reference().apply(operands) : null;
        assertThatThrownBy(() -> op.onEngine(device, operands, dy))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageEndingWith("on the CPU only so far")
                .hasMessageNotContaining("\n");
    }
}
