package io.tokenwise.train;

import io.tokenwise.autograd.CosineSchedule;
import io.tokenwise.autograd.EpochOrder;
import io.tokenwise.autograd.Optimizer;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Stream;
import io.tokenwise.model.Encoder;
import io.tokenwise.tensor.Workspace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Learns from examples epoch by epoch, each step from some of them. Everything random depends on the seed and the step's number alone. Not thread-safe.
 */
abstract class EpochTraining implements AutoCloseable {
    static final double CLIP_NORM = 1;

    private static final long WORKSPACE_LIMIT_BYTES = 16L << 30;
    private static final String STEP = "step";
    private static final String CONSUMED = "consumed";

    final Encoder model;
    final Stream stream;
    final Workspace workspace;

    /** In which examples are learnt from. */
    final EpochOrder order;

    private final double rate;
    private final int steps;
    private int step;

    /**
     * @param examples how many there are
     * @param examplesOfStep how many a step learns from
     * @param rate peak learning rate; it rises over a twentieth of the steps and then falls to nothing along a cosine
     */
    EpochTraining(
            Encoder model, Backend backend, int examples, int examplesOfStep, int epochs, double rate, long seed) {
        this.model = model;
        this.rate = rate;
        order = new EpochOrder(examples, seed);
        steps = EpochOrder.steps(epochs, Math.ceilDiv((long) epochs * examples, examplesOfStep));
        workspace = backend.workspace(WORKSPACE_LIMIT_BYTES);
        stream = backend.stream();
    }

    /** Adds the gradients of the next step's examples, which it draws, to the parameters', and returns their mean loss. */
    abstract double learn();

    /** What moves the parameters. */
    abstract List<? extends Optimizer> optimizers();

    /** Steps of the whole training. */
    final int steps() {
        return steps;
    }

    /** The number of the next step. */
    final int nextStep() {
        return step;
    }

    /** The peak learning rate. */
    final double rate() {
        return rate;
    }

    /**
     * Does the next step and returns its loss.
     *
     * @throws io.tokenwise.autograd.GradientNotFiniteException if training diverged
     */
    final double step() {
        double loss = learn();
        double now = new CosineSchedule(rate, 0, steps / 20, steps).rate(step);
        optimizers().forEach(optimizer -> optimizer.update(stream, now));
        step++;
        return loss;
    }

    /** Writes the state; see {@link TrainingState#write}. */
    final void write(Path file, Map<String, String> run) throws IOException {
        TrainingState.write(file, optimizers(), Map.of(STEP, (long) step, CONSUMED, order.consumed()), Map.of(), run);
    }

    /** Goes on from a state; see {@link TrainingState#open}. */
    final void read(Path file, Map<String, String> run) throws IOException {
        try (var state = TrainingState.open(file, run)) {
            state.restore(optimizers());
            step = (int) state.counter(STEP);
            order.consumed(state.counter(CONSUMED));
        }
    }

    @Override
    public void close() {
        workspace.close();
    }
}
