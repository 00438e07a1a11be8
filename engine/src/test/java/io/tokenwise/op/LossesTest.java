package io.tokenwise.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Losses' gradients against central differences. */
class LossesTest {
    private static final float STEP = 1e-2f;

    private final Backend backend = VectorBackend.open(1);
    private final Stream stream = backend.stream();
    private final Workspace workspace = backend.workspace(1 << 22);
    private final Random random = new Random(2);

    @AfterEach
    void close() {
        workspace.close();
        backend.close();
    }

    private Tensor random(int rows, int columns) {
        Tensor tensor = workspace.tensor(rows, columns);
        for (int i = 0; i < tensor.size(); i++) {
            tensor.floats().set(i, (float) random.nextGaussian());
        }
        return tensor;
    }

    private void check(Tensor y, Tensor dy, ToDoubleFunction<Tensor> loss) {
        for (int i = 0; i < y.size(); i++) {
            float value = y.floats().get(i);
            y.floats().set(i, value + STEP);
            double above = loss.applyAsDouble(y);
            y.floats().set(i, value - STEP);
            double below = loss.applyAsDouble(y);
            y.floats().set(i, value);
            assertThat((double) dy.floats().get(i)).isCloseTo((above - below) / (2 * STEP), within(2e-5));
        }
    }

    @Test
    void cosineDistance() {
        Tensor y = random(3, 5);
        Tensor target = random(3, 5);
        Tensor dy = workspace.tensor(3, 5);
        Tensor unused = workspace.tensor(3, 5);
        Losses.cosineDistance(stream, y, target, dy);
        check(y, dy, x -> Losses.cosineDistance(stream, x, target, unused));
    }

    @Test
    void squaredErrorWhereKnown() {
        Tensor y = random(4, 1);
        float[] target = {0.5f, Float.NaN, -1, 2};
        Tensor dy = workspace.tensor(4, 1);
        Losses.squaredErrorWhereKnown(stream, y, target, dy);
        check(y, dy, x -> Losses.squaredErrorWhereKnown(stream, x, target, workspace.tensor(4, 1)));
        assertThat(dy.host().get(1, 0)).as("what is not known").isZero();
    }

    @Test
    void divergenceOfArraysIsThatOfTensors() {
        Tensor y = random(1, 6);
        Tensor target = random(1, 6);
        var logits = new float[6];
        var wanted = new float[6];
        for (int i = 0; i < 6; i++) {
            logits[i] = y.floats().get(i);
            wanted[i] = target.floats().get(i);
        }
        assertThat(Losses.divergence(logits, wanted))
                .isCloseTo(Losses.divergence(stream, y, target, workspace.tensor(1, 6)), offset(1e-9));
    }

    @Test
    void relativeSquaredError() {
        Tensor y = random(4, 3);
        Tensor target = random(4, 3);
        Tensor dy = workspace.tensor(4, 3);
        Tensor unused = workspace.tensor(4, 3);
        Losses.relativeSquaredError(stream, y, target, 1, dy);
        check(y, dy, x -> Losses.relativeSquaredError(stream, x, target, 1, unused));
        assertThat(Losses.relativeSquaredError(stream, target, target, 1, unused))
                .isZero();
    }

    @Test
    void crossEntropy() {
        Tensor y = random(4, 5);
        int[] labels = {0, 4, 2, 2};
        Tensor dy = workspace.tensor(4, 5);
        Tensor unused = workspace.tensor(4, 5);
        Losses.crossEntropy(stream, y, labels, dy);
        check(y, dy, x -> Losses.crossEntropy(stream, x, labels, unused));
    }

    @Test
    void crossEntropyToProbabilities() {
        Tensor y = random(4, 5);
        Tensor dy = workspace.tensor(4, 5);
        Tensor unused = workspace.tensor(4, 5);
        var wanted = new double[20];
        for (int i = 0; i < wanted.length; i++) {
            wanted[i] = i % 5 == i / 5 ? 0.6 : 0.1;
        }
        Losses.crossEntropy(stream, y, wanted, dy);
        check(y, dy, x -> Losses.crossEntropy(stream, x, wanted, unused));
    }

    @Test
    void divergence() {
        Tensor y = random(4, 5);
        Tensor target = random(4, 5);
        Tensor dy = workspace.tensor(4, 5);
        Tensor unused = workspace.tensor(4, 5);
        Losses.divergence(stream, y, target, dy);
        check(y, dy, x -> Losses.divergence(stream, x, target, unused));
        assertThat(Losses.divergence(stream, y, target, unused)).isPositive();
        assertThat(Losses.divergence(stream, target, target, unused)).isCloseTo(0, offset(1e-9));
    }

    @Test
    void order() {
        Tensor y = random(8, 5);
        double[] scores = {1, 3, 2, 2};
        Tensor dy = workspace.tensor(8, 5);
        Tensor unused = workspace.tensor(8, 5);
        Losses.order(stream, y, scores, 2, dy);
        check(y, dy, x -> Losses.order(stream, x, scores, 2, unused));
    }

    /** With differences of cosines that are powers of e it is the logarithm of a sum that can be written down. */
    @Test
    void orderByHand() {
        Tensor y = workspace.tensor(4, 1);
        float[] values = {1, 1, 0.5f, -0.5f};
        for (int i = 0; i < values.length; i++) {
            y.host().set(i, 0, values[i]);
        }
        // Pairs (y0, y2) and (y1, y3): cosines .5 and -.5.
        Tensor dy = workspace.tensor(4, 1);
        assertThat(Losses.order(stream, y, new double[] {1, 2}, 0.05, dy))
                .isCloseTo(Math.log1p(Math.exp(20)), within(1e-6));
        assertThat(Losses.order(stream, y, new double[] {2, 1}, 0.05, dy))
                .isCloseTo(Math.log1p(Math.exp(-20)), within(1e-6));
        assertThat(Losses.order(stream, y, new double[] {1, 1}, 0.05, dy)).isZero();
    }
}
