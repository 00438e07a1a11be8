package io.tokenwise.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.tokenwise.autograd.Matrix;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every operation's value and gradient against libtorch, at the shapes of real models. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OpsInLibtorchTest {
    private Backend backend;
    private Engine torch;

    @BeforeAll
    void open() {
        String platform = System.getProperty("os.name") + " " + System.getProperty("os.arch");
        assumeTrue(
                platform.equals("Linux amd64"),
                "the tests bring libtorch for Linux on x86-64 only, this is " + platform);
        // Without these DJL would ask the network for a build that fits the machine's GPU.
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("PYTORCH_FLAVOR", "cpu");
        torch = Engine.getEngine("PyTorch");
        backend = VectorBackend.open(2);
    }

    @AfterAll
    void close() {
        if (backend != null) {
            backend.close();
        }
    }

    static Stream<OpCase> real() {
        return OpCases.real().stream().filter(op -> op.torch() != null);
    }

    @ParameterizedTest
    @MethodSource("real")
    void valueAndGradientAreLibtorchs(OpCase op) {
        List<Matrix> operands = op.randomOperands(4);
        OpCase.Result expected = onTorch(op, operands);
        OpCase.Result ours = op.onEngine(backend, operands, dy(expected.y()));
        assertThat(ours.y().distance(expected.y())).as("%s: value", op).isLessThanOrEqualTo(op.tolerance(expected.y()));
        for (int i = 0; i < operands.size(); i++) {
            Matrix gradient = expected.gradients().get(i);
            if (gradient != null) {
                assertThat(ours.gradients().get(i).distance(gradient))
                        .as("%s: gradient of operand %d", op, i)
                        .isLessThanOrEqualTo(op.tolerance(gradient));
            }
        }
    }

    private static Matrix dy(Matrix y) {
        return Matrix.random(y.rows(), y.columns(), new SplittableRandom(5));
    }

    /** Value and gradients by libtorch; null for operands that have no gradient. */
    private OpCase.Result onTorch(OpCase op, List<Matrix> operands) {
        try (NDManager manager = torch.newBaseManager();
                GradientCollector collector = torch.newGradientCollector()) {
            var inputs = new NDList();
            for (int i = 0; i < operands.size(); i++) {
                NDArray input = array(manager, operands.get(i));
                if (op.operands().get(i).role() != OpCase.Role.CONSTANT) {
                    input.setRequiresGradient(true);
                }
                inputs.add(input);
            }
            NDArray y = op.torch().apply(inputs);
            Matrix value = matrix(y);
            collector.backward(y.mul(array(manager, dy(value))).sum());
            var gradients = new ArrayList<Matrix>();
            for (int i = 0; i < operands.size(); i++) {
                boolean constant = op.operands().get(i).role() == OpCase.Role.CONSTANT;
                gradients.add(constant ? null : matrix(inputs.get(i).getGradient()));
            }
            return new OpCase.Result(value, gradients);
        }
    }

    private static NDArray array(NDManager manager, Matrix matrix) {
        return manager.create(matrix.floats(), new Shape(matrix.rows(), matrix.columns()));
    }

    private static Matrix matrix(NDArray array) {
        float[] values = array.toFloatArray();
        Shape shape = array.getShape();
        return Matrix.fill((int) shape.get(0), (int) shape.get(1), i -> values[i]);
    }
}
