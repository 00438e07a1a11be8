package io.tokenwise.acm.choose;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.TestModels;
import io.tokenwise.api.Budget;
import io.tokenwise.autograd.AdamW;
import io.tokenwise.autograd.Gradients;
import io.tokenwise.autograd.Matrix;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The task's loss reaches the gates: in the paper's code it does not, so that only the budget's loss moves them. */
class GateTrainingTest {
    private static final int LEARNERS = 4;
    private static final int STEPS = 150;
    private static final int KNOTS = 9;

    /**
     * Only gates are trained, only by the distance to the dense model's vectors. Nothing asks for fewer learners, and more of them
     * are nearer to the dense model: so the gates must learn to let more run.
     */
    @Test
    void taskLossAloneMovesTheGates(@TempDir Path directory) throws IOException {
        TestModels.writeSmall(directory.resolve("small"));
        var batch = TokenBatch.of(TestModels.sequences(7, 12, 3, 20).toArray(int[][]::new));
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = Models.open(directory.resolve("small"));
                Encoder encoder = Encoder.load(files, backend);
                var workspace = backend.workspace(1L << 28)) {
            Stream stream = backend.stream();
            var pass = new Pass(stream, workspace);
            Matrix target = Matrix.of(encoder.forward(pass.begin(Budget.FULL), batch));
            List<Acm> acms = TestModels.acmize(encoder, LEARNERS, TestModels.sequences(40));
            List<Parameter> gates =
                    acms.stream().flatMap(acm -> acm.gateParameters().stream()).toList();
            var optimizer = new AdamW(encoder.parameters(), gates, 1, 0);
            var noise = new SplittableRandom(1);
            double atFirst = 0;
            double atLast = 0;
            for (int step = 0; step < STEPS; step++) {
                double learners = step(encoder, pass, batch, target, noise);
                for (Parameter gate : gates) {
                    // All knots but the one told get no gradient; that one, and all weights of the tokens, do.
                    assertThat(Matrix.of(gate.gradient()).largest())
                            .as(gate.name())
                            .isPositive();
                }
                optimizer.update(stream, 0.02);
                atFirst += step == 0 ? learners : 0;
                atLast += step >= STEPS - 20 ? learners / 20 : 0;
            }
            // Gates of zeros choose each of the counts 0 to 4 alike.
            assertThat(atFirst).isBetween(1.5, 2.5);
            assertThat(atLast).isGreaterThan(atFirst + 1);
            for (Parameter gate : gates) {
                assertThat(Matrix.of(gate.value()).largest()).as(gate.name()).isPositive();
            }
        }
    }

    /** One forward and backward; returns the mean number of learners that ran. */
    private static double step(Encoder encoder, Pass pass, TokenBatch batch, Matrix target, SplittableRandom noise) {
        var tape = new Tape();
        var running = new ArrayList<Tensor>();
        pass.begin(Budget.FULL);
        Tensor features = pass.tensor(batch.tokens(), KNOTS);
        Matrix half = Matrix.zeros(batch.tokens(), KNOTS);
        for (int token = 0; token < batch.tokens(); token++) {
            half.values()[token * KNOTS + KNOTS / 2] = 1;
        }
        half.copyTo(features);
        pass.train(tape).with(GateTraining.class, new GateTraining(features, 0.8f, noise, running));
        Tensor y = encoder.forward(pass, batch);
        // The gradient of the squared distance to the target.
        Tensor dy = pass.tensor(y.rows(), y.columns());
        Matrix.of(y).plus(-1, target).copyTo(dy);
        var gradients = new Gradients(pass.stream(), pass.workspace());
        gradients.add(y, dy);
        tape.backward(gradients, pass.stream(), pass.workspace());
        double sum = 0;
        for (Tensor module : running) {
            for (double runs : Matrix.of(module).values()) {
                sum += runs / (batch.tokens() * running.size());
            }
        }
        return sum;
    }
}
