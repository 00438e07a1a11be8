package io.tokenwise.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import io.tokenwise.TestModels;
import io.tokenwise.acm.block.AdaptiveAttention;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.GateTraining;
import io.tokenwise.api.Budget;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Reference;
import io.tokenwise.tensor.HostMemory;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small BERT of adaptive attention and MLPs, all gates in training, from a loss on its vectors back to every weight. */
class WholeModelGradientTest {
    private static final int LEARNERS = 3;

    /** Two gates decide about attention: one about Q and O, one about K and V. */
    private static final AdaptiveLayers LAYERS = AdaptiveLayers.parse("mlp,qo,kv", LEARNERS);

    private static final float TEMPERATURE = 0.8f;
    private static final double STEP = 1e-6;

    @TempDir
    Path directory;

    private final Backend backend = VectorBackend.open(2);
    private final TokenBatch batch =
            TokenBatch.of(TestModels.sequences(5, 1, 11).toArray(int[][]::new));
    private final Matrix budgets = Matrix.gaussian(batch.tokens(), 9, 1, new SplittableRandom(1));
    private final Matrix dy =
            Matrix.gaussian(batch.sequences(), TestModels.SMALL.hiddenSize(), 1, new SplittableRandom(2));
    private Encoder encoder;

    @BeforeEach
    void open() throws IOException {
        TestModels.writeSmall(directory.resolve("small"));
        try (ModelFiles files = Models.open(directory.resolve("small"))) {
            encoder = Encoder.load(files, backend);
        }
        TestModels.acmize(encoder, LAYERS, TestModels.sequences(30, 20));
        TestModels.randomizeGates(encoder, 0.3);
    }

    @AfterEach
    void close() {
        encoder.close();
        backend.close();
    }

    /** Forward and backward with dy as the loss's gradient; returns the vectors and who ran. */
    private List<Matrix> train() {
        try (var workspace = new Workspace(HostMemory::allocate, 1L << 28)) {
            Stream stream = backend.stream();
            Pass pass = new Pass(stream, workspace).begin(Budget.FULL);
            Tape tape = new Tape();
            Tensor features = pass.tensor(budgets.rows(), budgets.columns());
            budgets.copyTo(features);
            List<Tensor> running = new ArrayList<>();
            var training = new GateTraining(features, TEMPERATURE, new SplittableRandom(3), running);
            pass.train(tape).with(GateTraining.class, training);
            Tensor y = encoder.forward(pass, batch);
            List<Matrix> results = new ArrayList<>(List.of(Matrix.of(y)));
            running.forEach(r -> results.add(Matrix.of(r)));
            Tensor seed = pass.tensor(dy.rows(), dy.columns());
            dy.copyTo(seed);
            var gradients = new Gradients(stream, workspace);
            gradients.add(y, seed);
            tape.backward(gradients, stream, workspace);
            return results;
        }
    }

    @Test
    void everyGradientIsThatOfFiniteDifferences() {
        Parameters parameters = encoder.parameters();
        parameters.all().forEach(parameters::train);
        List<Matrix> results = train();
        var reference = new BertInDouble(LEARNERS);
        Map<String, Matrix> weights = weights();
        Matrix expected = reference.forward(weights, null);
        assertThat(results.getFirst().distance(expected)).isLessThan(1e-5);
        List<Matrix> running = reference.hard;
        assertThat(running).hasSize(6);
        for (int i = 0; i < running.size(); i++) {
            assertThat(results.get(i + 1).distance(running.get(i))).isZero();
            assertThat(running.get(i).values()).as("learners run and rest").contains(0, 1);
        }
        List<Matrix> borrowed = reference.borrowed();

        // Along the gradient itself, where every one of its elements counts, and along random directions.
        var random = new SplittableRandom(4);
        for (Parameter parameter : parameters.all()) {
            Matrix gradient = Matrix.of(parameter.gradient());
            double norm = Math.sqrt(gradient.dot(gradient));
            assertThat(norm).as(parameter.name()).isPositive();
            Matrix along = Matrix.zeros(gradient.rows(), gradient.columns()).plus(1 / norm, gradient);
            assertDerivative(parameter, weights, borrowed, reference, gradient, along, norm);
            for (int i = 0; i < 3; i++) {
                // Where the gradient is zero, as for words that do not occur, the direction's values would only take
                // its length.
                Matrix direction = Matrix.fill(
                        gradient.rows(),
                        gradient.columns(),
                        at -> gradient.values()[at] == 0 ? random.nextGaussian() * 1e-3 : random.nextGaussian());
                double length = Math.sqrt(direction.dot(direction));
                direction = Matrix.zeros(gradient.rows(), gradient.columns()).plus(1 / length, direction);
                assertDerivative(parameter, weights, borrowed, reference, gradient, direction, norm);
            }
        }
    }

    /** About 20 operations deep, each right to a few epsilons of a float: 3e-5 of the gradient's norm. */
    private static void assertDerivative(
            Parameter parameter,
            Map<String, Matrix> weights,
            List<Matrix> borrowed,
            BertInDouble reference,
            Matrix gradient,
            Matrix direction,
            double norm) {
        assertThat(gradient.dot(direction))
                .as(parameter.name())
                .isCloseTo(
                        reference.derivative(weights, borrowed, parameter.name(), direction),
                        offset(3e-5 * norm + 1e-8));
    }

    @Test
    void frozenPartsGetNoGradient() {
        Parameters parameters = encoder.parameters();
        Acm second = encoder.acms().get(1);
        second.gateParameters().forEach(parameters::train);
        train();
        for (Parameter parameter : parameters.all()) {
            if (second.gateParameters().contains(parameter)) {
                assertThat(Matrix.of(parameter.gradient()).largest())
                        .as(parameter.name())
                        .isPositive();
            } else {
                assertThat(parameter.gradient()).as(parameter.name()).isNull();
            }
        }
    }

    @Test
    void gradientOfAPartIsTheSameWhetherTheRestIsFrozenOrNot() {
        Parameters parameters = encoder.parameters();
        List<Parameter> part =
                new ArrayList<>(encoder.adaptiveBlocks().getFirst().learnerParameters());
        part.add(parameters.get("encoder.layer.0.output.LayerNorm.bias"));
        part.add(parameters.get("embeddings.position_embeddings.weight"));
        part.forEach(parameters::train);
        train();
        List<Matrix> alone = part.stream().map(p -> Matrix.of(p.gradient())).toList();
        part.forEach(p -> backend.stream().fill(p.gradient(), 0));
        parameters.all().forEach(parameters::train);
        train();
        for (int i = 0; i < part.size(); i++) {
            assertThat(Matrix.of(part.get(i).gradient()).distance(alone.get(i)))
                    .as(part.get(i).name())
                    .isLessThan(1e-6);
        }
    }

    private Map<String, Matrix> weights() {
        Map<String, Matrix> weights = new HashMap<>();
        encoder.parameters().all().forEach(p -> weights.put(p.name(), Matrix.of(p.value())));
        return weights;
    }

    /** The same model in doubles, from the same weights by name. */
    private final class BertInDouble {
        final List<Matrix> hard = new ArrayList<>();
        private final List<Matrix> soft = new ArrayList<>();
        private final int learners;

        BertInDouble(int learners) {
            this.learners = learners;
        }

        /** What the hard choice of the last forward has more than the soft one: the constant of the straight-through estimate. */
        List<Matrix> borrowed() {
            var borrowed = new ArrayList<Matrix>();
            for (int i = 0; i < hard.size(); i++) {
                borrowed.add(hard.get(i).plus(-1, soft.get(i)));
            }
            return borrowed;
        }

        /** The derivative of {@code sum(y * dy)} along a direction, with choices {@code soft + borrowed}. */
        double derivative(Map<String, Matrix> weights, List<Matrix> borrowed, String name, Matrix direction) {
            Map<String, Matrix> moved = new HashMap<>(weights);
            moved.put(name, weights.get(name).plus(STEP, direction));
            double above = forward(moved, borrowed).dot(dy);
            moved.put(name, weights.get(name).plus(-STEP, direction));
            return (above - forward(moved, borrowed).dot(dy)) / (2 * STEP);
        }

        /** The model's vectors; with {@code borrowed} null, the choices are hard. */
        Matrix forward(Map<String, Matrix> w, List<Matrix> borrowed) {
            hard.clear();
            soft.clear();
            var random = new SplittableRandom(3);
            Matrix x = norm(
                    w,
                    "embeddings.LayerNorm",
                    Reference.embeddingSum(
                            batch,
                            w.get("embeddings.word_embeddings.weight"),
                            w.get("embeddings.position_embeddings.weight"),
                            w.get("embeddings.token_type_embeddings.weight")));
            for (int layer = 0; layer < TestModels.SMALL.layers(); layer++) {
                String path = "encoder.layer." + layer + ".";
                Matrix ofQueries = choice(w, path + "attention.qo", x, random, borrowed);
                Matrix ofValues = choice(w, path + "attention.kv", x, random, borrowed);
                Matrix attended = norm(
                        w,
                        path + "attention.output.LayerNorm",
                        attention(w, layer, x, ofQueries, ofValues).plus(1, x));
                Matrix running = choice(w, path + "mlp", attended, random, borrowed);
                x = norm(
                        w,
                        path + "output.LayerNorm",
                        acm(w, layer, attended, running).plus(1, attended));
            }
            return Reference.l2Normalize(Reference.meanPool(x, batch));
        }

        /** Which learners run. */
        private Matrix choice(
                Map<String, Matrix> w, String module, Matrix x, SplittableRandom random, List<Matrix> borrowed) {
            Matrix logits = Reference.linear(x, w.get(module + ".acm.gate.weight"), null)
                    .plus(1, Reference.linear(budgets, w.get(module + ".acm.gate.budget"), null));
            Matrix noise = Matrix.fill(logits.rows(), logits.columns(), i ->
                    (float) -Math.log(-Math.log(random.nextDouble(Double.MIN_NORMAL, 1))));
            hard.add(Reference.choose(logits, noise));
            soft.add(Reference.softChoice(logits, noise, TEMPERATURE));
            return borrowed == null ? hard.getLast() : soft.getLast().plus(1, borrowed.get(hard.size() - 1));
        }

        /** Column by column: projected where the learner of the column's unit runs, and what rests of it otherwise; of whole tokens, dense. */
        private Matrix attention(Map<String, Matrix> w, int layer, Matrix x, Matrix ofQueries, Matrix ofValues) {
            String path = "encoder.layer." + layer + ".attention.";
            String name = path + "acm.";
            var block = (AdaptiveAttention) encoder.slots().get(2 * layer).block();
            int hidden = x.columns();
            Matrix learned = Reference.linear(x, w.get(name + "qkv.weight"), w.get(name + "qkv.bias"));
            Matrix dense = linear(w, path + "self.qkv", x);
            Matrix qkv = Matrix.zeros(x.rows(), 3 * hidden);
            for (int row = 0; row < x.rows(); row++) {
                for (int column = 0; column < 3 * hidden; column++) {
                    int unit = column % hidden / block.units().width();
                    int learner = (column < 2 * hidden
                                    ? block.units().queryKey()
                                    : block.units().valueOutput())
                            [unit];
                    Matrix running = column < hidden ? ofQueries : ofValues;
                    double whole = running.get(row, learners - 1);
                    double resting = 1 - ofQueries.get(row, learners - 1);
                    qkv.set(
                            row,
                            column,
                            (running.get(row, learner) - whole) * learned.get(row, column)
                                    + whole * dense.get(row, column)
                                    + resting * w.get(name + "qkv.rest").get(0, column));
                }
            }
            Matrix context = Reference.attention(qkv, batch, TestModels.SMALL.heads());
            Matrix kept = Matrix.zeros(x.rows(), hidden);
            for (int row = 0; row < x.rows(); row++) {
                for (int column = 0; column < hidden; column++) {
                    int learner =
                            block.units().valueOutput()[column / block.units().width()];
                    double runs = ofQueries.get(row, learner) - ofQueries.get(row, learners - 1);
                    kept.set(row, column, context.get(row, column) * runs);
                }
            }
            Matrix partly = Reference.linear(kept, w.get(name + "output.weight"), null);
            return mixed(partly, linear(w, path + "output.dense", context), w.get(name + "output.c"), ofQueries);
        }

        /** What learners give with their biases, c_0 among them, where not all run, and the dense result where all do. */
        private Matrix mixed(Matrix learned, Matrix dense, Matrix c, Matrix running) {
            Matrix y = Matrix.zeros(learned.rows(), learned.columns());
            for (int row = 0; row < y.rows(); row++) {
                double whole = running.get(row, learners - 1);
                for (int column = 0; column < y.columns(); column++) {
                    double sum = learned.get(row, column) + (1 - whole) * c.get(0, column);
                    for (int n = 1; n < learners; n++) {
                        sum += (running.get(row, n - 1) - whole) * c.get(n, column);
                    }
                    y.set(row, column, sum + whole * dense.get(row, column));
                }
            }
            return y;
        }

        /** Learner by learner, as the method's text has it, and the dense MLP. */
        private Matrix acm(Map<String, Matrix> w, int layer, Matrix x, Matrix running) {
            String path = "encoder.layer." + layer + ".";
            Matrix w1 = w.get(path + "mlp.acm.w1");
            Matrix w2 = w.get(path + "mlp.acm.w2");
            int width = w1.columns() / (learners - 1);
            Matrix learned = Matrix.zeros(x.rows(), w2.columns());
            Matrix units = Reference.gelu(Reference.linear(x, w1, w.get(path + "mlp.acm.b1")));
            for (int row = 0; row < x.rows(); row++) {
                for (int column = 0; column < w2.columns(); column++) {
                    double sum = 0;
                    for (int n = 0; n < learners - 1; n++) {
                        double runs = running.get(row, n) - running.get(row, learners - 1);
                        for (int unit = n * width; unit < (n + 1) * width; unit++) {
                            sum += runs * units.get(row, unit) * w2.get(unit, column);
                        }
                    }
                    learned.set(row, column, sum);
                }
            }
            Matrix dense = linear(w, path + "output.dense", Reference.gelu(linear(w, path + "intermediate.dense", x)));
            return mixed(learned, dense, w.get(path + "mlp.acm.c"), running);
        }

        private static Matrix linear(Map<String, Matrix> w, String path, Matrix x) {
            return Reference.linear(x, w.get(path + ".weight"), w.get(path + ".bias"));
        }

        private static Matrix norm(Map<String, Matrix> w, String path, Matrix x) {
            return Reference.layerNorm(x, w.get(path + ".weight"), w.get(path + ".bias"), 1e-12);
        }
    }
}
