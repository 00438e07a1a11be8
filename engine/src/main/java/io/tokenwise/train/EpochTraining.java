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
public abstract class EpochTraining implements AutoCloseable {
    /** At most so long is the gradient of all parameters. */
    protected static final double CLIP_NORM = 1;

    private static final long WORKSPACE_LIMIT_BYTES = 16L << 30;
    private static final String STEP = "step";
    private static final String CONSUMED = "consumed";

    /** What learns. */
    protected final Encoder model;

    protected final Stream stream;
    protected final Workspace workspace;

    /** In which examples are learnt from. */
    protected final EpochOrder order;

    private final CosineSchedule schedule;
    private int step;

    /**
     * @param examples how many there are
     * @param schedule of the whole training's steps
     */
    protected EpochTraining(Encoder model, Backend backend, int examples, CosineSchedule schedule, long seed) {
        this.model = model;
        this.schedule = schedule;
        order = new EpochOrder(examples, seed);
        workspace = backend.workspace(WORKSPACE_LIMIT_BYTES);
        stream = backend.stream();
    }

    /** The rate rises over a twentieth of the steps and then falls to nothing along a cosine. */
    static CosineSchedule schedule(int examples, int examplesOfStep, int epochs, double rate) {
        int steps = EpochOrder.steps(epochs, Math.ceilDiv((long) epochs * examples, examplesOfStep));
        return new CosineSchedule(rate, 0, steps / 20, steps);
    }

    /** Adds the gradients of the next step's examples, which it draws, to the parameters', and returns their mean loss. */
    protected abstract double learn();

    /** What moves the parameters, always in the same order. */
    protected abstract List<? extends Optimizer> optimizers();

    /** The rates of one of them. */
    protected CosineSchedule schedule(Optimizer optimizer) {
        return schedule;
    }

    /** Steps of the whole training. */
    public final int steps() {
        return schedule.steps();
    }

    /** The number of the next step. */
    protected final int nextStep() {
        return step;
    }

    /** The peak learning rate. */
    final double rate() {
        return schedule.peak();
    }

    /**
     * Does the next step and returns its loss.
     *
     * @throws io.tokenwise.autograd.GradientNotFiniteException if training diverged
     */
    public final double step() {
        double loss = learn();
        for (Optimizer optimizer : optimizers()) {
            optimizer.update(stream, schedule(optimizer).rate(step));
        }
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
