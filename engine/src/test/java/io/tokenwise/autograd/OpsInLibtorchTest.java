package io.tokenwise.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.VectorBackend;
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
        return OpCases.real().stream();
    }

    @ParameterizedTest
    @MethodSource("real")
    void valueAndGradientAreLibtorchs(OpCase op) {
        List<Matrix> operands = op.randomOperands(4);
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
            Matrix dy = Matrix.random(value.rows(), value.columns(), new SplittableRandom(5));
            collector.backward(y.mul(array(manager, dy)).sum());

            OpCase.Result ours = op.onEngine(backend, operands, dy);
            assertThat(ours.y().distance(value)).as("%s: value", op).isLessThanOrEqualTo(op.tolerance(value));
            for (int i = 0; i < operands.size(); i++) {
                if (op.operands().get(i).role() != OpCase.Role.CONSTANT) {
                    Matrix expected = matrix(inputs.get(i).getGradient());
                    assertThat(ours.gradients().get(i).distance(expected))
                            .as("%s: gradient of operand %d", op, i)
                            .isLessThanOrEqualTo(op.tolerance(expected));
                }
            }
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
