package io.tokenwise.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.backend.cuda.CudaBackend;
import io.tokenwise.backend.cuda.FakeDevice;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every operation of autograd on the simulated CUDA device: values against plain doubles, gradients against the CPU's, which {@link OpsInDoubleTest} checks. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OpsOnDeviceTest {
    private Backend cpu;
    private Backend device;

    @BeforeAll
    void open() throws CudaUnavailableException {
        FakeDevice.start();
        cpu = VectorBackend.open(1);
        device = CudaBackend.open(Precision.F32);
    }

    @AfterAll
    void close() {
        if (device != null) {
            cpu.close();
            device.close();
        }
    }

    static Stream<OpCase> tiny() {
        return OpCases.tiny().stream();
    }

    static Stream<OpCase> all() {
        return Stream.concat(tiny(), ForwardCases.all().stream());
    }

    @ParameterizedTest
    @MethodSource("all")
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

    static Stream<OpCase> real() {
        return OpCases.real().stream();
    }

    @ParameterizedTest
    @MethodSource("real")
    void valueAndGradientAreTheCpus(OpCase op) {
        List<Matrix> operands = op.randomOperands(4);
        Matrix y = op.onEngine(cpu, operands, null).y();
        Matrix dy = Matrix.random(y.rows(), y.columns(), new SplittableRandom(5));
        var expected = op.onEngine(cpu, operands, dy);
        var found = op.onEngine(device, operands, dy);
        assertThat(found.y().distance(expected.y())).isLessThanOrEqualTo(op.tolerance(expected.y()));
        assertNear(op, found.gradients(), expected.gradients());
    }

    @ParameterizedTest
    @MethodSource("tiny")
    void gradientIsTheCpus(OpCase op) {
        List<Matrix> operands = op.randomOperands(2);
        Matrix y = op.gradientOf().apply(operands);
        Matrix dy = Matrix.random(y.rows(), y.columns(), new SplittableRandom(3));
        assertNear(
                op,
                op.onEngine(device, operands, dy).gradients(),
                op.onEngine(cpu, operands, dy).gradients());
    }

    static Stream<OpCase> ofEncoders() {
        // GELU and windows have kernels there.
        return EncoderOpCases.tiny().stream().filter(op -> !op.name().matches("(GELU |windows ).*"));
    }

    @ParameterizedTest
    @MethodSource("ofEncoders")
    void whatHasNoFormThereIsRefusedInALine(OpCase op) {
        assertThatThrownBy(() -> op.onEngine(device, op.randomOperands(1), null))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageEndingWith("on the CPU only so far")
                .hasMessageNotContaining("\n");
    }

    private static void assertNear(OpCase op, List<Matrix> found, List<Matrix> expected) {
        for (int i = 0; i < expected.size(); i++) {
            if (expected.get(i) != null) {
                assertThat(found.get(i).distance(expected.get(i)))
                        .as("operand %d", i)
                        .isLessThanOrEqualTo(op.tolerance(expected.get(i)));
            }
        }
    }
}
